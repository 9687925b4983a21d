/**
 * The engine's process: answers the protocol over the channel to whoever started it, and ends, with
 * its runs checkpointed, when that is gone.
 */
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { serve } from '../protocol/rpc';
import { builtEngineOptions } from './paths';
import { startEngine } from './supervisor';

const engine = startEngine(builtEngineOptions());
const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
serve(connection, engine);
process.on('disconnect', () => {
  void engine.dispose().finally(() => process.exit(0));
});
