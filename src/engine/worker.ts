/** A worker thread of the engine: answers the protocol over the port to the thread that started it. */
import path from 'node:path';
import { MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createMessageConnection, PortMessageReader, PortMessageWriter } from 'vscode-jsonrpc/node';
import * as z from 'zod';
import { GlassboxError } from '../base/errors';
import { serve } from '../protocol/engineConnection';
import { createService } from './service';

if (parentPort === null) {
  throw new GlassboxError('not-a-worker', 'worker.js was started as a program of its own.', {
    remedy: 'Start the engine (engine.js) or the command line (cli.js): they start their workers.',
  });
}
const { tell, ...options } = z
  .object({
    samplePath: z.string(),
    runsFolder: z.string(),
    workerPath: z.string(),
    tell: z.instanceof(MessagePort),
  })
  .parse(workerData);
const connection = createMessageConnection(
  new PortMessageReader(parentPort),
  new PortMessageWriter(parentPort),
);
// So that it can be freed should this worker die.
const onRunFolder = (folder: string): void => tell.postMessage(path.resolve(folder));
serve(connection, createService({ ...options, onRunFolder }));
