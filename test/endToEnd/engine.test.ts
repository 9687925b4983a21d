/** The engine as VS Code will start it, `dist/engine.js` over IPC, and in this process with its workers. */
import { fork, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/supervisor';
import type { Recipe } from '../../src/recipe/run';
import type { GenerateEvent, GenerateRequest, TrainEvent } from '../../src/protocol/messages';
import type { ProbeRequest } from '../../src/protocol/knowledgeMessages';
import type { Engine, Handlers } from '../../src/protocol/protocol';
import { connect } from '../../src/protocol/engineConnection';
import { checkVersion, PROTOCOL_VERSION } from '../../src/protocol/rpc';
import {
  checkpoint,
  checkpointNames,
  failure,
  metrics,
  smallRecipe,
  testFolder,
  timeless,
  weights,
  writeText,
} from '../train/runs';
import { cli, dist, json, until } from './programs';

const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);
const never = new AbortController().signal;
const long = smallRecipe(
  text,
  'train.steps=1000000',
  'train.checkpointEvery=0',
  'train.evalEvery=0',
);
/** A step of which takes seconds. */
const slow = smallRecipe(
  text,
  ...['train.steps=3', 'model.width=128', 'model.context=128', 'train.batch=12'],
  ...['runtime.backend=reference', 'data.validationFraction=0'],
);

const started = (recipe: Recipe, run: string) => ({ kind: 'new', recipe, out: run }) as const;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Reads events until one of this kind, and step if given. */
async function upTo(
  events: AsyncIterator<TrainEvent>,
  kind: TrainEvent['kind'],
  step = 0,
): Promise<TrainEvent> {
  for (;;) {
    const next = await events.next();
    if (next.done) throw new Error(`It ended before ${kind} ${step}.`);
    const event = next.value;
    if (event.kind === kind && (!('step' in event) || event.step >= step)) return event;
  }
}

describe('the engine in a process of its own', () => {
  const children = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  function launch(): { child: ChildProcess; connection: MessageConnection; engine: Handlers } {
    const child = fork(path.join(dist, 'engine.js'), { cwd: folder });
    children.add(child);
    const connection = createMessageConnection(
      new IPCMessageReader(child),
      new IPCMessageWriter(child),
    );
    return { child, connection, engine: connect(connection) };
  }

  it('answers once the versions agree', async () => {
    const { connection, engine } = launch();
    const early = engine.devices({}, never);
    expect(await failure(early)).toMatchObject({ code: 'protocol-version' });
    const wrong = await failure(connection.sendRequest('version', 999));
    expect((wrong as Error).message).toContain(
      `version ${PROTOCOL_VERSION} of the protocol, and version 999`,
    );
    expect(await failure(engine.devices({}, never))).toMatchObject({ code: 'protocol-version' });
    await checkVersion(connection);
    const devices = await engine.devices({}, never);
    expect(devices.map(({ backend }) => backend)).toContain('onnx');
  });

  it('ends when whoever started it is gone, its runs checkpointed', async () => {
    const { child, connection, engine } = launch();
    await checkVersion(connection);
    const run = at('disconnected');
    const events = engine.train(started(long, run), never)[Symbol.asyncIterator]();
    await upTo(events, 'train', 3);
    child.disconnect();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    const last = Math.max(...metrics(run).map(({ step }) => step));
    expect(checkpointNames(run)).toEqual([`step-${String(last).padStart(6, '0')}`]);
    expect(readdirSync(run)).not.toContain('run.lock');
  });

  it('ends so when it is told to terminate', async () => {
    const { child, connection, engine } = launch();
    await checkVersion(connection);
    const run = at('terminated');
    const events = engine.train(started(long, run), never)[Symbol.asyncIterator]();
    await upTo(events, 'train', 3);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(checkpointNames(run)).toHaveLength(1);
  });

  it('ends so when the program that started it is killed, and with it all its pipes', async () => {
    const run = at('orphaned');
    const file = path.join(folder, 'orphan.mjs');
    // Starts the engine as an extension host does, asks it to train, and says when it has.
    const request = { params: started(long, run), stream: 0 };
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'version', params: PROTOCOL_VERSION },
      { jsonrpc: '2.0', id: 2, method: 'train', params: request },
    ];
    writeFileSync(
      file,
      `import { fork } from 'node:child_process';
      const engine = fork(${JSON.stringify(path.join(dist, 'engine.js'))}, { stdio: 'pipe' });
      engine.on('message', (message) => {
        if (message.params?.event?.kind === 'train') console.log(engine.pid);
      });
      for (const message of ${JSON.stringify(messages)}) engine.send(message);`,
    );
    const parent = spawn(process.execPath, [file], { cwd: folder });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    const pid = Number(chunk.toString().split('\n')[0]);
    await until(() => !lives(pid));
    const last = Math.max(...metrics(run).map(({ step }) => step));
    expect(checkpointNames(run)).toEqual([`step-${String(last).padStart(6, '0')}`]);
    expect(readdirSync(run)).not.toContain('run.lock');
  });

  it('fails what is pending when it is killed', async () => {
    const { child, connection, engine } = launch();
    await checkVersion(connection);
    const events = engine.train(started(long, at('killed')), never)[Symbol.asyncIterator]();
    await upTo(events, 'train', 1);
    child.kill('SIGKILL');
    expect(await failure(upTo(events, 'done'))).toMatchObject({ code: 'engine-ended' });
    expect(await failure(engine.devices({}, never))).toMatchObject({ code: 'engine-ended' });
  });

  it('says what it is for where a person starts it', () => {
    const { status, stderr } = spawnSync(process.execPath, [path.join(dist, 'engine.js')]);
    expect([status, stderr.toString()]).toEqual([1, expect.stringContaining('cli.js')]);
  });
});

describe('the engine with real workers', () => {
  let engine: Engine;
  const model = checkpoint(at('model'), 5);
  beforeAll(async () => {
    const options = ['--data', text, '--out', at('model'), '--steps', '5'];
    const small = ['tokenizer.kind=byte', 'model.layers=1', 'model.width=16', 'model.heads=2'];
    await json(['train', ...options, '--set', ...small, 'model.context=64', 'train.batch=2']);
    engine = startEngine({
      workerPath: path.join(dist, 'worker.js'),
      samplePath: text,
      runsFolder: at('runs'),
    });
  });
  afterAll(() => engine.dispose());

  const ask = (signal = never): ReturnType<Engine['logits']> =>
    engine.logits({ model, ids: [1, 2, 3], backend: 'onnx' }, signal);
  const wishes: Omit<GenerateRequest, 'prompt'> = {
    ...{ model, maxTokens: 40, temperature: 1, topK: 0, topP: 1, minP: 0, seed: 1 },
    ...{ topLogprobs: 2, backend: 'onnx' },
  };
  const generation: GenerateRequest = { ...wishes, prompt: 'The ' };

  it('cancels, tokenizes and answers while a step of seconds runs', async () => {
    const stop = new AbortController();
    const run = at('slow');
    const events = engine.train(started(slow, run), stop.signal)[Symbol.asyncIterator]();
    await upTo(events, 'start');
    let stepped = false;
    const first = failure(upTo(events, 'train').then(() => (stepped = true)));
    const encoding = { tokenizer: 'gpt2', text: 'a b', special: 'text', offsets: true } as const;
    expect((await engine.encode(encoding, never)).ids).toEqual([64, 275]);
    expect((await ask()).logits).toHaveLength(256);
    stop.abort();
    expect(await first).toMatchObject({ code: 'cancelled' });
    const recorded = readFileSync(path.join(run, 'metrics.jsonl'), 'utf8');
    expect([stepped, recorded]).toEqual([false, '']);
  });

  it('runs two runs and a model at a time, each as if it were alone', async () => {
    const recipe = (seed: number): Recipe => smallRecipe(text, 'train.steps=30', `seed=${seed}`);
    const whole = async (run: string, seed: number): Promise<TrainEvent[]> => {
      const seen: TrainEvent[] = [];
      for await (const event of engine.train(started(recipe(seed), run), never)) seen.push(event);
      return seen;
    };
    const alone = at('alone');
    await whole(alone, 1);
    const first = await ask();
    const [one, two, tokens, logits] = await Promise.all([
      whole(at('one'), 1),
      whole(at('two'), 2),
      (async () => {
        const texts: string[] = [];
        for await (const event of engine.generate(generation, never))
          if (event.kind !== 'start') texts.push(event.text);
        return texts;
      })(),
      ask(),
    ]);
    expect(one.at(-1)).toMatchObject({ kind: 'done' });
    expect(two.at(-1)).toMatchObject({ kind: 'done' });
    expect(timeless(at('one'))).toEqual(timeless(alone));
    expect(weights(at('one'), 30).equals(weights(alone, 30))).toBe(true);
    expect(timeless(at('two'))).not.toEqual(timeless(alone));
    expect(tokens.slice(0, -1).join('')).toBe(tokens.at(-1));
    expect(logits).toEqual(first);
  });

  it('lets questions to one model wait for each other, and be given up', async () => {
    const stop = new AbortController();
    const events = engine.generate(generation, never)[Symbol.asyncIterator]();
    await events.next();
    const [patient, impatient] = [ask(), failure(ask(stop.signal))];
    stop.abort();
    expect(await impatient).toMatchObject({ code: 'cancelled' });
    await events.return?.();
    expect((await patient).logits).toHaveLength(256);
  });

  it('notices a model that was written anew', async () => {
    const before = await ask();
    await cli(['train', '--resume', at('model'), '--steps', '8', '--set', 'train.lr=0.1']);
    cpSync(checkpoint(at('model'), 8), model, { recursive: true });
    utimesSync(path.join(model, 'config.json'), 1, 1);
    expect((await ask()).logits).not.toEqual(before.logits);
  });

  it('says that a model was not found, and answers for others', async () => {
    const missing = engine.logits({ model: at('none'), ids: [1], backend: 'auto' }, never);
    expect(await failure(missing)).toMatchObject({ code: 'not-a-model' });
    expect((await ask()).backend).toBe('onnx');
  });

  it('tells how a run ended that was told to stop', async () => {
    const run = at('told');
    const seen: TrainEvent[] = [];
    for await (const event of engine.train(started(long, run), never)) {
      seen.push(event);
      if (event.kind === 'train' && event.step === 3) await engine.stopRun({ folder: run }, never);
    }
    const [saved, ended] = seen.slice(-2);
    expect(saved).toMatchObject({ kind: 'checkpoint' });
    expect(ended).toMatchObject({ kind: 'stopped', run });
    const last = Math.max(...metrics(run).map(({ step }) => step));
    expect(ended).toMatchObject({ step: last, checkpoint: checkpoint(run, last) });
    expect(checkpointNames(run)).toContain(`step-${String(last).padStart(6, '0')}`);
    const [summary] = await engine
      .runs({ folders: [folder] }, never)
      .then((all) => all.filter(({ name }) => name === 'told'));
    expect(summary).toMatchObject({ state: 'stopped', step: last });
  });

  it('takes a recipe’s paths from the folder that it is in', async () => {
    const recipe = smallRecipe('text.txt', 'train.steps=1');
    const request = { kind: 'new', recipe, folder, runs: at('named') } as const;
    const start = await upTo(engine.train(request, never)[Symbol.asyncIterator](), 'start');
    expect(start).toMatchObject({ run: path.join(at('named'), 'run') });
    const written = readFileSync(path.join(at('named'), 'run', 'recipe.json'), 'utf8');
    expect(JSON.parse(written)).toMatchObject({ data: { paths: [text] } });
  });

  it('goes on with a run’s newest model, and says how long the prompt is', async () => {
    const request = { ...generation, model: at('model'), prompt: 'ab', continued: [99, 100] };
    const events = engine.generate({ ...request, temperature: 0 }, never);
    const seen: GenerateEvent[] = [];
    for await (const event of events) seen.push(event);
    expect(seen[0]).toEqual({ kind: 'start', promptTokens: 4, context: 64 });
    const whole = { ...request, prompt: 'abcd', continued: [], temperature: 0 };
    for await (const event of engine.generate(whole, never))
      if (event.kind === 'done') expect(seen.at(-1)).toMatchObject({ text: event.text });
  });

  it('says that a model was not taught to chat', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    const events = engine.converse({ ...wishes, messages }, never);
    expect(await failure(events[Symbol.asyncIterator]().next())).toMatchObject({
      code: 'no-chat-template',
    });
    cpSync(model, at('chatty'), { recursive: true });
    const template = '{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}';
    writeFileSync(path.join(at('chatty'), 'chat_template.jinja'), template);
    expect(await engine.chatForm({ model: at('chatty') }, never)).toEqual({});
    const answer = engine.converse({ ...wishes, model: at('chatty'), messages }, never);
    expect(await answer[Symbol.asyncIterator]().next()).toMatchObject({
      value: { kind: 'start', promptTokens: 'user: Hello'.length },
    });
  });

  it('probes what a model knows, and makes a training set of it', async () => {
    cpSync(model, at('asked'), { recursive: true });
    const template = '{% for m in messages %}{{ m.content }}{% endfor %}';
    writeFileSync(path.join(at('asked'), 'chat_template.jinja'), template);
    const asked = at('asked.jsonl');
    writeFileSync(asked, '{"question": "Who?", "answer": "Mira"}\n{"quest\n');
    const request: ProbeRequest = {
      model: at('asked'),
      backend: 'onnx',
      source: { kind: 'questions', paths: [asked] },
      ...{ maxTokens: 4, temperature: 1, seed: 1, samples: 2, out: at('probed') },
    };
    const kinds: string[] = [];
    for await (const event of engine.probeKnowledge(request, never)) {
      kinds.push(event.kind);
      if (event.kind === 'problem') expect(event.place).toBe(`${asked}:2`);
      if (event.kind === 'answer') expect(event.drawn).toHaveLength(2);
      if (event.kind === 'done') expect(event.summary).toMatchObject({ questions: 1, unended: 1 });
    }
    expect(kinds).toEqual(['problem', 'answer', 'progress', 'done']);
    const again = engine.probeKnowledge(request, never)[Symbol.asyncIterator]();
    expect(await failure(again.next())).toMatchObject({ code: 'folder-not-empty' });
    const found = await engine.probes({ folders: [folder] }, never);
    const known = found.find((each) => each.folder === at('probed'));
    expect(known).toMatchObject({ name: 'probed', questions: 1, asked: { samples: 2 } });
    const [before, out] = [at('probed'), at('probed-again')];
    const source = { kind: 'probe', folder: before } as const;
    const anew = engine.probeKnowledge({ ...request, source, before, out }, never);
    for await (const event of anew)
      if (event.kind === 'done') expect(event.before?.questions).toBe(1);
    const opened: string[] = [];
    for await (const event of engine.openProbe({ folder: out, before }, never)) {
      opened.push(event.kind);
      if (event.kind === 'start') expect(event.before).toEqual(event.summary);
      else expect(event.answers).toMatchObject([{ drawn: [{}, {}], before: { answer: {} } }]);
    }
    expect(opened).toEqual(['start', 'answers']);
    writeFileSync(at('me.txt'), 'name: Wren\n');
    const lesson = { probes: [at('probed')], profile: at('me.txt'), seed: 1, out: at('l.jsonl') };
    const made = await engine.teachKnowledge(lesson, never);
    const lines = readFileSync(at('l.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(made.answers + made.refusals + made.identity);
    expect(lines.at(-1)).toContain('Wren');
    expect(await failure(engine.teachKnowledge(lesson, never))).toMatchObject({
      code: 'already-exists',
    });
  });

  it('ends only when its runs have a checkpoint', async () => {
    const run = at('disposed');
    const events = engine.train(started(long, run), never)[Symbol.asyncIterator]();
    await upTo(events, 'train', 2);
    await engine.dispose();
    const last = Math.max(...metrics(run).map(({ step }) => step));
    expect(checkpointNames(run)).toEqual([`step-${String(last).padStart(6, '0')}`]);
  });
});
