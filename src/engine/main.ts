/**
 * The engine's process: answers the protocol over the channel to whoever started it, and ends when
 * that is gone.
 */
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { serve } from '../protocol/rpc';

const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
serve(connection, {});
process.on('disconnect', () => process.exit(0));
