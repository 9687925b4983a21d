import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import esbuild from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCurateService } from '../../src/engine/curateService';
import { startEngine } from '../../src/engine/supervisor';
import { corpusRecipe } from '../../src/recipe/corpus';
import { defaultRecipe } from '../../src/recipe/run';
import type { GenerateRequest } from '../../src/protocol/messages';
import type { Engine } from '../../src/protocol/protocol';

const never = new AbortController().signal;
const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-supervisor-'));
const workerPath = path.join(folder, 'frozenWorker.js');
let gate: Int32Array;
let engine: Engine;
let logged: string[];

beforeAll(async () => {
  await esbuild.build({
    entryPoints: [path.join(import.meta.dirname, 'frozenWorker.ts')],
    outfile: workerPath,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
  });
});
beforeEach(() => {
  gate = new Int32Array(new SharedArrayBuffer(4));
  const options = { samplePath: '', runsFolder: folder, workerPath, gate };
  logged = [];
  engine = startEngine(options, (level, message) => logged.push(`${level}: ${message}`));
});
afterEach(async () => {
  openGate();
  await engine.dispose();
  rmSync(path.join(folder, 'checkpoint'), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openGate(): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (thrown: unknown) => thrown,
  );

const logits = (model: string, what: number, signal = never): ReturnType<Engine['logits']> =>
  engine.logits({ model, ids: [what], backend: 'auto' }, signal);

const generation = (model: string, prompt: string): GenerateRequest => ({
  ...{ model, prompt, maxTokens: 1, temperature: 1, topK: 0, topP: 1, minP: 0 },
  ...{ topLogprobs: 0, backend: 'auto' },
});

const training = (signal: AbortSignal): AsyncIterator<unknown> =>
  engine.train({ kind: 'new', recipe: defaultRecipe() }, signal)[Symbol.asyncIterator]();

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('while a worker is frozen in a long step', () => {
  it('an abort is answered in the same turn of the event loop', async () => {
    const stop = new AbortController();
    const events = training(stop.signal);
    await events.next();
    const next = failureOf(events.next());
    await turn();
    const order: string[] = [];
    void next.then(() => order.push('failed'));
    stop.abort();
    await turn();
    expect(order).toEqual(['failed']);
    expect(await next).toMatchObject({ code: 'cancelled' });
    expect(Atomics.load(gate, 0)).toBe(0);
  });

  it('so is that of a generation and of a question for logits', async () => {
    const stop = new AbortController();
    const events = engine.generate(generation('m', 'freeze'), stop.signal)[Symbol.asyncIterator]();
    await events.next();
    const waiting = [failureOf(events.next()), failureOf(logits('m', 0, stop.signal))];
    await turn();
    stop.abort();
    for (const thrown of await Promise.all(waiting))
      expect(thrown).toMatchObject({ code: 'cancelled' });
    expect(Atomics.load(gate, 0)).toBe(0);
  });

  it('text is tokenized, the machine described, and other models answer', async () => {
    const events = training(never);
    await events.next();
    const after = events.next();
    await logits('frozen', 3);
    const encoded = await engine.encode(
      { tokenizer: 'gpt2', text: 'hello world', special: 'text', offsets: false },
      never,
    );
    expect(encoded.ids).toEqual([31373, 995]);
    expect(await engine.decode({ tokenizer: 'gpt2', ids: encoded.ids }, never)).toBe('hello world');
    expect((await engine.devices({}, never)).map(({ backend }) => backend)).toContain('onnx');
    expect(await logits('other', 0)).toMatchObject({ backend: 'test' });
    expect(Atomics.load(gate, 0)).toBe(0);
    openGate();
    expect(await after).toMatchObject({ value: { text: 'after' } });
  });
});

describe('merges that are learnt with an expression that never comes to an end', () => {
  const request = { text: `${'a'.repeat(64)}!`, pattern: '(a+)+$', merges: 3 };
  const learnsAgain = async (): Promise<void> => {
    const learnt = await engine.learnMerges({ ...request, pattern: 'gpt2' }, never);
    expect(learnt.tokens).toBe(65);
  };

  it('are given up', async () => {
    const stop = new AbortController();
    const learning = failureOf(engine.learnMerges(request, stop.signal));
    await learnsAgain();
    stop.abort();
    expect(await learning).toMatchObject({ code: 'cancelled' });
    // It waits for its workers, of which none may be left to search on.
    await engine.dispose();
  });

  it('fail after a while by themselves', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const learning = failureOf(engine.learnMerges(request, never));
      await learnsAgain();
      vi.advanceTimersByTime(10_000);
      expect(await learning).toMatchObject({ code: 'tokenizer-stuck' });
    } finally {
      vi.useRealTimers();
    }
    await learnsAgain();
  });
});

describe("a corpus's page that takes for ever to be taken apart", () => {
  const page = { corpus: folder, shard: 'kept-00000.jsonl', line: 1 };

  it('holds up no other question', async () => {
    const reading = engine.corpusPage(page, never);
    expect(await engine.corpora({ folders: [] }, never)).toEqual([]);
    openGate();
    expect(await reading).toEqual({ lines: [] });
  });

  it('is let go of when nobody waits for it', async () => {
    const stop = new AbortController();
    const reading = failureOf(engine.corpusPage(page, stop.signal));
    expect(await engine.corpora({ folders: [] }, never)).toEqual([]);
    stop.abort();
    expect(await reading).toMatchObject({ code: 'cancelled' });
    // It waits for its workers, of which none may be left frozen.
    await engine.dispose();
    expect(Atomics.load(gate, 0)).toBe(0);
  });
});

describe('a corpus that was given up', () => {
  const making = (out: string, signal: AbortSignal): AsyncIterator<unknown> =>
    engine.curate({ out: path.join(folder, out) }, signal)[Symbol.asyncIterator]();

  it('is gone on with as soon as its worker has let go of it, and no other one waits', async () => {
    const stop = new AbortController();
    const first = making('corpus', stop.signal);
    await first.next();
    const next = failureOf(first.next());
    await turn();
    stop.abort();
    expect(await next).toMatchObject({ code: 'cancelled' });
    const again = making('corpus', never).next();
    expect(await making('other', never).next()).toMatchObject({ value: { resumed: 0 } });
    expect(Atomics.load(gate, 0)).toBe(0);
    openGate();
    expect(await again).toMatchObject({ value: { resumed: 1 } });
  });
});

describe('a worker that dies', () => {
  it('takes its documents along, and they can be opened anew', async () => {
    const document = 'untitled:text';
    const edit = { document, version: 1, changes: [{ start: 0, end: 0, text: 'hello' }] };
    await engine.openDocument({ document, tokenizer: 'gpt2' }, never);
    await failureOf(engine.closeDocument({ document: 'the worker' }, never));
    expect(await failureOf(engine.editDocument(edit, never))).toMatchObject({
      code: 'document-unknown',
    });
    await engine.openDocument({ document, tokenizer: 'gpt2' }, never);
    await engine.editDocument(edit, never);
    expect(await engine.documentCount({ document }, never)).toMatchObject({ tokens: 1 });
  });

  it.each([
    ['by exiting', 1, /code 3/],
    ['by an error that nobody catches', 2, /JSON/],
  ])('%s fails its requests, says why, and takes nothing else along', async (_, how, why) => {
    const other = training(never);
    await other.next();
    const beside = logits('mortal', 0);
    const { adapter: before } = await beside;
    const thrown = await failureOf(logits('mortal', how));
    expect(thrown).toMatchObject({
      code: 'worker-ended',
      cause: { message: expect.stringMatching(why) as string },
    });
    expect(logged).toEqual([expect.stringMatching(/^error: A worker died: /)]);
    expect(logged).toEqual([expect.stringMatching(why)]);
    const { adapter: after } = await logits('mortal', 0);
    expect(after).not.toBe(before);
    openGate();
    expect(await other.next()).toMatchObject({ value: { text: 'after' } });
  });
});

describe('a run whose worker dies', () => {
  const run = path.join(folder, 'run');
  beforeEach(() => {
    mkdirSync(run);
    writeFileSync(path.join(run, 'run.lock'), JSON.stringify({ pid: process.pid }));
  });
  afterEach(() => rmSync(run, { recursive: true }));

  const trainingNamed = (name: string): AsyncIterator<unknown> => {
    const recipe = { ...defaultRecipe(), name };
    return engine.train({ kind: 'new', recipe }, never)[Symbol.asyncIterator]();
  };

  it('has failed for that reason, and its folder is free', async () => {
    writeFileSync(path.join(run, 'recipe.json'), '{}');
    const events = trainingNamed('mortal');
    await events.next();
    expect(await failureOf(events.next())).toMatchObject({
      code: 'worker-ended',
      message: expect.stringMatching(/code 3/) as string,
      remedy: expect.stringMatching(/checkpoint/) as string,
    });
    expect(readdirSync(run).sort()).toEqual(['failure.json', 'recipe.json']);
    expect(readFileSync(path.join(run, 'failure.json'), 'utf8')).toContain('code 3');
  });

  it('leaves its folder free where it had not begun', async () => {
    expect(await failureOf(trainingNamed('stillborn').next())).toMatchObject({
      code: 'worker-ended',
    });
    expect(readdirSync(run)).toEqual([]);
  });
});

describe('models', () => {
  it('stay loaded while they are asked, the two asked last', async () => {
    const thread = async (model: string): Promise<string> => (await logits(model, 0)).adapter;
    const [a, b] = [await thread('a'), await thread('b')];
    expect(await thread('a')).toBe(a);
    await thread('c');
    expect(await thread('a')).toBe(a);
    expect(await thread('b')).not.toBe(b);
  });

  it('are never closed in the midst of an answer', async () => {
    const running = ['a', 'b', 'c', 'd'].map((model) => {
      const events = engine.generate(generation(model, 'freeze'), never);
      return events[Symbol.asyncIterator]();
    });
    for (const events of running)
      expect(await events.next()).toMatchObject({ value: { kind: 'done' } });
    const ends = running.map((events) => events.next());
    openGate();
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ done: true });
  });
});

describe('a run that is told to stop', () => {
  it('is told where it runs, and goes on to its own end', async () => {
    const events = training(never);
    expect(await events.next()).toMatchObject({ value: { kind: 'start' } });
    const next = events.next();
    const told = engine.stopRun({ folder: path.join(folder, 'run') }, never);
    openGate();
    await told;
    expect(await next).toMatchObject({ value: { text: 'after' } });
    expect(await events.next()).toMatchObject({ value: { kind: 'stopped', step: 1 } });
    expect(await events.next()).toMatchObject({ done: true });
  });

  it('must be one of this engine', async () => {
    const told = engine.stopRun({ folder: '/none' }, never);
    expect(await failureOf(told)).toMatchObject({ code: 'not-running' });
  });
});

describe('the end of the engine', () => {
  it('waits for a run to come to rest', async () => {
    const events = training(never);
    await events.next();
    const next = events.next();
    let ended = false;
    const ending = engine.dispose().then(() => (ended = true));
    for (let i = 0; i < 5; i++) await turn();
    expect([ended, existsSync(path.join(folder, 'checkpoint'))]).toEqual([false, false]);
    openGate();
    await ending;
    expect(existsSync(path.join(folder, 'checkpoint'))).toBe(true);
    expect(await next).toMatchObject({ value: { text: 'after' } });
  });

  it('waits for a run that was cancelled before, too', async () => {
    const stop = new AbortController();
    const events = training(stop.signal);
    await events.next();
    const next = failureOf(events.next());
    stop.abort();
    await next;
    const ending = engine.dispose();
    openGate();
    await ending;
    expect(existsSync(path.join(folder, 'checkpoint'))).toBe(true);
  });

  it('answers nothing any more', async () => {
    await engine.dispose();
    expect(await failureOf(logits('a', 0))).toMatchObject({ code: 'engine-ended' });
    await engine.dispose();
  });
});

it('a segment of a corpus that ended a worker gets one with all the memory that there is', async () => {
  const source = path.join(folder, 'source.txt');
  writeFileSync(source, 'A text.');
  const out = path.join(folder, 'corpus');
  const curation = createCurateService({ samplePath: '', runsFolder: folder, workerPath });
  const recipe = { ...corpusRecipe.defaults(), sources: [source] };
  const made = curation.curate({ recipe, out, workers: 1 }, never);
  const read = async (): Promise<void> => {
    for await (const event of made) expect(event.kind).toBe('start');
  };
  expect(await failureOf(read())).toMatchObject({ code: 'enough' });
  const [first, second] = readFileSync(path.join(out, 'workers'), 'utf8').split('\n').map(Number);
  expect(first).toBe(1024);
  expect(second).not.toBe(1024);
});
