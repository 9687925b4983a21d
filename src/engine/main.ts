/**
 * The engine's process: answers the protocol over the channel to whoever started it, and ends, with
 * its runs checkpointed, when that is gone or asks for it.
 */
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { serve } from '../protocol/engineConnection';
import { logLines } from '../protocol/logLine';
import type { Log } from '../protocol/logLine';
import { builtEngineOptions } from './paths';
import { startEngine } from './supervisor';

if (process.send === undefined) {
  process.stderr.write(
    'error: engine.js answers the program that starts it.\n  For the command line run cli.js.\n',
  );
  process.exit(1);
}
// Nobody may read it any more while runs are still being checkpointed.
process.stderr.on('error', () => undefined);
const log: Log = (level, message) => void process.stderr.write(logLines(level, message));
const engine = startEngine(builtEngineOptions(), log);
log('info', `The engine runs on Node ${process.version}, process ${process.pid}.`);
const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
serve(connection, engine, { versionFirst: true });
for (const event of ['disconnect', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(event, () => void engine.dispose().finally(() => process.exit(0)));
}
