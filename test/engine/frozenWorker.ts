/**
 * A worker that does what the tests of the supervisor need: freezes its thread as native code does,
 * until the gate opens, dies, or writes a file as its last act.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parentPort, resourceLimits, threadId, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { createMessageConnection, PortMessageReader, PortMessageWriter } from 'vscode-jsonrpc/node';
import type { TrainRequest } from '../../src/protocol/messages';
import { GlassboxError } from '../../src/base/errors';
import { createDocumentService } from '../../src/engine/documentService';
import { serve } from '../../src/protocol/engineConnection';

const { gate, runsFolder, tell } = workerData as {
  gate: Int32Array;
  runsFolder: string;
  tell: MessagePort;
};

/** Blocks this thread, event loop and all, until the gate is open. */
function freeze(): void {
  Atomics.wait(gate, 0, 0);
}

/** A new run's. */
function recipeOf(request: TrainRequest): { readonly name?: string | undefined } {
  return request.kind === 'new' ? request.recipe : {};
}

const START = {
  kind: 'start',
  steps: 2,
  parameters: 1,
  tokens: 1,
  validationTokens: 1,
  vocab: 1,
  backend: 'test',
  precision: 'f32',
  threads: 1,
  answers: false,
} as const;

const port = parentPort!;
const connection = createMessageConnection(
  new PortMessageReader(port),
  new PortMessageWriter(port),
);
let stopped = false;
const documents = createDocumentService();
serve(connection, {
  ...documents,
  closeDocument: (request, signal) => {
    if (request.document === 'the worker') process.exit(3);
    return documents.closeDocument(request, signal);
  },
  train: async function* (request, signal) {
    const run = `${runsFolder}/run`;
    tell.postMessage(run);
    if (recipeOf(request).name === 'stillborn') process.exit(3);
    yield { ...START, run };
    await new Promise(setImmediate);
    if (recipeOf(request).name === 'mortal') {
      // What was said has left the thread within a few turns.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      process.exit(3);
    }
    freeze();
    // What came while the thread was frozen arrives within a few turns.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    if (signal.aborted) writeFileSync(`${runsFolder}/checkpoint`, 'whole');
    yield { kind: 'note', text: 'after' };
    if (stopped) yield { kind: 'stopped', run, step: 1 };
  },
  corpora: () => Promise.resolve([]),
  curate: async function* ({ out }) {
    const left = `${runsFolder}/left`;
    const resumed = existsSync(left) ? 1 : 0;
    yield { kind: 'start', out, files: 1, bytes: 1, segments: 1, resumed };
    await new Promise(setImmediate);
    freeze();
    writeFileSync(left, 'the folder');
  },
  corpusPage: () => {
    freeze();
    return Promise.resolve({ lines: [] });
  },
  filterSegment: ({ corpus }) => {
    const notes = `${corpus}/workers`;
    appendFileSync(notes, `${resourceLimits.maxOldGenerationSizeMb}\n`);
    if (readFileSync(notes, 'utf8').split('\n').length === 2) process.exit(3);
    throw new GlassboxError('enough', 'A second worker has come as far.');
  },
  stopRun: () => {
    stopped = true;
    return Promise.resolve(null);
  },
  generate: async function* ({ prompt }) {
    yield { kind: 'done', text: String(threadId), finishReason: 'end' };
    await new Promise(setImmediate);
    if (prompt === 'freeze') freeze();
  },
  logits: ({ ids }) => {
    const [what] = ids;
    if (what === 1) process.exit(3);
    if (what === 3) {
      // In a turn of its own: what was asked before is answered first.
      setImmediate(freeze);
      return Promise.resolve({
        backend: 'frozen',
        adapter: 'frozen',
        precision: 'f32',
        logits: [],
      });
    }
    if (what === 2) {
      setImmediate(() => void JSON.parse('{'));
      return new Promise(() => undefined);
    }
    return Promise.resolve({
      backend: 'test',
      adapter: String(threadId),
      precision: 'f32',
      logits: ids,
    });
  },
});
