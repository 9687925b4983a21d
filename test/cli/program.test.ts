import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { GlassboxError } from '../../src/base/errors';
import { trainRequestSchema, type TrainRequest } from '../../src/protocol/messages';
import { cli, each, EVENTS, FakeEngine } from './fakeEngine';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

const trainRequest = async (...args: string[]): Promise<TrainRequest> => {
  const { code, err, engine } = await cli(['train', '--json', ...args]);
  expect(err).not.toContain('error');
  expect(code).toBe(0);
  return trainRequestSchema.parse(engine.asked[0]);
};

describe('train', () => {
  it('prints the metrics and the end as JSON lines, and nothing else', async () => {
    const { lines, engine } = await cli(['train', '--json']);
    expect(lines).toEqual([EVENTS[3], EVENTS[4], EVENTS[6]]);
    expect(engine.disposed).toBe(1);
  });

  it('says in the end what was reached and where it lies', async () => {
    const { out, code } = await cli(['train']);
    expect(code).toBe(0);
    expect(out).toContain('2.500 bits per byte');
    expect(out).toContain('/r');
    expect(out).toContain('glassbox generate --model /r/checkpoints/step-000001');
    expect(out).toContain('qz');
    expect(out).not.toContain('\u001b');
  });

  it('puts options on top of settings on top of the recipe', async () => {
    const file = inFolder(
      'a.recipe.json',
      '{"seed": 3, "train": {"lr": 0.5, "steps": 9, "batch": 2}, "data": {"paths": ["x"]}}',
    );
    const request = await trainRequest(
      ...['--recipe', file, '--set', 'train.lr=0.25', 'train.steps=8'],
      ...['--steps', '7', '--seed', '4', '--threads', '2', '--backend', 'reference'],
      ...['--preset', 'small', '--out', 'o'],
    );
    expect(request).toMatchObject({
      kind: 'new',
      out: 'o',
      recipe: {
        seed: 4,
        train: { lr: 0.25, steps: 7, batch: 2 },
        model: { preset: 'small' },
        runtime: { backend: 'reference', threads: 2 },
        data: { paths: [path.join(folder, 'x')] },
      },
    });
  });

  it('takes a length in steps or in epochs, in place of what a recipe says', async () => {
    const file = inFolder('c.recipe.json', '{"train": {"epochs": 2}}');
    const asked = async (...args: string[]) =>
      z
        .object({
          recipe: z.object({ train: z.object({ steps: z.int(), epochs: z.unknown().optional() }) }),
        })
        .parse(await trainRequest('--recipe', file, ...args)).recipe.train;
    expect(await asked()).toMatchObject({ epochs: 2 });
    expect(await asked('--epochs', '0.5')).toMatchObject({ epochs: 0.5 });
    expect(await asked('--steps', '7')).toEqual({ steps: 7 });
    expect(await asked('--set', 'train.steps=7')).toEqual({ steps: 7 });
    const { code, err } = await cli(['train', '--epochs', '2', '--steps', '7']);
    expect(code).not.toBe(0);
    expect(err).toMatch(/--epochs.*cannot be used with.*--steps/);
  });

  it('takes paths in a recipe from its folder, and others from here', async () => {
    const file = inFolder('b.recipe.json', '{"model": {"from": "m"}, "data": {"paths": ["x"]}}');
    const request = await trainRequest('--recipe', file, '--data', 'y', 'z');
    expect(request).toMatchObject({
      recipe: {
        data: { paths: ['y', 'z'] },
        model: { from: path.join(folder, 'm') },
      },
    });
    expect(await trainRequest()).toMatchObject({ recipe: { data: { paths: 'sample' } } });
  });

  it('resumes with settings for the recipe that the run has', async () => {
    const request = await trainRequest(
      '--resume',
      'runs/a',
      '--steps',
      '20',
      '--set',
      'train.lr=1',
    );
    expect(request).toEqual({
      kind: 'resume',
      folder: 'runs/a',
      settings: ['train.lr=1', 'train.steps=20'],
      out: undefined,
    });
  });

  it.each([
    [['--steps', '0'], 'Expected a whole number, 1 or more.'],
    [['--steps', '1e3'], 'Expected a whole number'],
    [['--threads', '-1'], 'from 0 to 1024'],
    [['--seed', '4294967296'], 'from 0 to 4294967295'],
    [['--step', '3'], 'Did you mean --steps?'],
    [['--preset', 'huge'], 'tiny, small, base'],
    [['--backend', 'cuda'], 'auto, onnx, webgpu, reference'],
    [['--resume', 'a', '--recipe', 'b'], 'cannot be used with'],
    [['--set', 'train.optimiser=muon'], 'did you mean train.optimizer?'],
    [['--set', 'train.lr=x'], 'train.lr: expected a number'],
    [['--recipe', path.join(folder, 'none.json')], 'no such file'],
    [['more'], 'too many arguments'],
  ])('refuses %j', async (args, message) => {
    const { code, err, out, engine } = await cli(['train', ...args]);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
    expect(engine.asked).toEqual([]);
  });

  it('shows a recipe that is not JSON with line and column', async () => {
    const file = inFolder('c.recipe.json', '{\n  "seed": }');
    const { code, err } = await cli(['train', '--recipe', file]);
    expect(code).toBe(1);
    expect(err).toContain(`${file}: not JSON: line 2, column 11: expected a value.`);
  });

  it('tells how to go on after Ctrl-C, and exits with 130', async () => {
    const engine = new FakeEngine();
    engine.events = (async function* () {
      yield* each(EVENTS.slice(0, 4));
      throw new GlassboxError('cancelled', 'Cancelled.');
    })();
    const { code, out, err } = await cli(['train'], { engine, abort: true });
    expect(code).toBe(130);
    expect(err).toBe('');
    expect(out).toContain('Stopped at step 1.');
    expect(out).toContain('glassbox train --resume /r');
    expect(engine.disposed).toBe(1);
  });
});

describe('export', () => {
  it('says what it wrote, and where', async () => {
    const { out, engine } = await cli(['export', '--model', 'm', '--out', 'o']);
    expect(engine.asked).toEqual([{ model: 'm', out: 'o' }]);
    expect(out).toBe('2.5 MB in /out\n');
  });
});

describe('errors', () => {
  const failing = (error: Error): FakeEngine => {
    const engine = new FakeEngine();
    engine.devices = () => Promise.reject(error);
    return engine;
  };

  it('are a line and what to do', async () => {
    const error = new GlassboxError('x', 'The disk is full.', { remedy: 'Free some space.' });
    const { code, out, err } = await cli(['devices'], { engine: failing(error) });
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe('error: The disk is full.\n  Free some space.\n');
  });

  it('come with stacks, causes too, if asked for', async () => {
    const error = new GlassboxError('x', 'Outer.', { cause: new Error('Inner.') });
    const { err } = await cli(['devices', '--verbose'], { engine: failing(error) });
    expect(err).toContain('caused by: Error: Inner.');
    expect(err).toContain('    at ');
  });

  it('that nobody expected say so', async () => {
    const { code, err } = await cli(['devices'], { engine: failing(new TypeError('oops')) });
    expect(code).toBe(1);
    expect(err).toContain('error: oops\n');
    expect(err).toContain('--verbose');
  });
});

describe('sft', () => {
  it('is a recipe in short form, in which settings and options come last', async () => {
    const { engine } = await cli([
      ...['sft', '--json', '--model', 'm', '--data', 'a.jsonl', 'b', '--template', 'nanochat'],
      ...['--set', 'train.lr=0.25', 'train.steps=8', '--steps', '7', '--out', 'o'],
    ]);
    expect(trainRequestSchema.parse(engine.asked[0])).toMatchObject({
      kind: 'new',
      out: 'o',
      recipe: {
        data: { format: 'conversations', paths: ['a.jsonl', 'b'] },
        chat: { template: 'nanochat' },
        model: { from: 'm' },
        train: { lr: 0.25, steps: 7, schedule: 'warmdown' },
      },
    });
  });

  it('ends with how to talk to the model', async () => {
    const engine = new FakeEngine();
    engine.events = each(
      EVENTS.map((event) => (event.kind === 'start' ? { ...event, answers: true } : event)),
    );
    const { out } = await cli(['sft', '--model', 'm', '--data', 'a.jsonl'], { engine });
    expect(out).toContain('glassbox chat --model /r/checkpoints/step-000001');
  });
});

describe('chat', () => {
  it('asks with all that was said before', async () => {
    const { lines, engine } = await cli(['chat', '--model', 'm', '--json'], {
      stdin: 'One?\nTwo?\n',
    });
    expect(lines).toHaveLength(6);
    expect(lines.map((line) => z.object({ kind: z.string().optional() }).parse(line).kind)).toEqual(
      [...['call', 'result', undefined, 'call', 'result', undefined]],
    );
    expect(lines[2]).toMatchObject({ role: 'assistant', content: ' whale' });
    const contents = ['One?', '', '42', ' whale', 'Two?'];
    expect(engine.asked[1]).toMatchObject({
      model: 'm',
      messages: contents.map((content) => ({ content })),
    });
  });

  it('shows calls with their results, and opens the tools that are named', async () => {
    const { out, engine } = await cli([
      ...['chat', '--model', 'm', '--message', 'One?'],
      ...['--tools', 'calculator, search=a/b,javascript'],
    ]);
    expect(out).toMatch(/model> \s*calculator: 12 \+ 30\s*= 42\s* whale/);
    expect(engine.asked[0]).toMatchObject({
      tools: [{ name: 'calculator' }, { name: 'search', folder: 'a/b' }, { name: 'javascript' }],
    });
  });

  it.each(['abacus', 'search', 'search=', 'calculator=x', ''])(
    'knows no tool "%s"',
    async (name) => {
      const { code, err } = await cli(['chat', '--model', 'm', '--tools', name]);
      expect(code).toBe(1);
      expect(err).toContain('Expected calculator, search=FOLDER or javascript');
    },
  );

  it('needs a model', async () => {
    const { code, err } = await cli(['chat', '--message', 'Hi']);
    expect(code).toBe(1);
    expect(err).toContain("'--model <dir>' not specified");
  });

  it('renders a dataset with what is learnt between brackets', async () => {
    const { out, engine } = await cli(['chat', 'render', '--dataset', 'a.jsonl', '--limit', '5']);
    expect(out).toContain('Q: [[A]]');
    expect(out).toContain('error: This line is not JSON');
    expect(out).toContain('1 conversations, 1 left out; 3 tokens, of which 1 (33%) are learnt');
    expect(engine.asked[0]).toMatchObject({ source: { paths: ['a.jsonl'] }, limit: 5 });
    const { lines } = await cli(['chat', 'render', '--dataset', 'a.jsonl', '--json']);
    expect(lines).toHaveLength(3);
  });
});

describe('generate', () => {
  const model = ['generate', '--model', 'm', '--prompt', 'A'];

  it('prints a line for each token, then the text', async () => {
    const { lines } = await cli([...model, '--json', '--top-logprobs', '1']);
    const top = [{ id: 5, text: ' whale', logprob: -0.5 }];
    expect(lines).toEqual([
      { id: 5, text: ' whale', logprob: -0.5, top },
      { id: 6, text: '\u001b', logprob: -1, top },
      { kind: 'done', text: ' whale\u001b' },
    ]);
  });

  it('passes every option on', async () => {
    const { engine } = await cli([
      ...model,
      ...['--max-tokens', '9', '--temperature', '0', '--top-k', '5', '--top-p', '0.5'],
      ...['--min-p', '0.1', '--seed', '2', '--top-logprobs', '3', '--backend', 'onnx', '--json'],
      ...['--precision', 'f32'],
    ]);
    expect(engine.asked).toEqual([
      {
        model: 'm',
        prompt: 'A',
        maxTokens: 9,
        temperature: 0,
        topK: 5,
        topP: 0.5,
        minP: 0.1,
        seed: 2,
        topLogprobs: 3,
        backend: 'onnx',
        precision: 'f32',
      },
    ]);
  });

  it('shows the text, or with probabilities a table', async () => {
    expect((await cli(model)).out).toBe('A whale\u001b\n');
    const table = (await cli([...model, '--top-logprobs', '1'])).out;
    expect(table).toContain('60.7%');
  });

  it.each([
    [['--temperature', '-1'], 'Expected a number, 0 or more.'],
    [['--top-p', '0'], 'Expected a number, more than 0, at most 1.'],
    [['--min-p', 'x'], 'Expected a number'],
    [['--temperature', 'Infinity'], 'Expected a number'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await cli([...model, ...args]);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});

describe('logits, eval, devices', () => {
  it('answer as the contract says', async () => {
    const logits = await cli(['logits', '--model', 'm', '--ids', '1,2,3', '--json']);
    expect(logits.lines).toEqual([
      { backend: 'onnx', adapter: 'CPU', precision: 'f32', logits: [0.5, -1] },
    ]);
    const automatic = { backend: 'auto', precision: 'auto' };
    expect(logits.engine.asked).toEqual([{ model: 'm', ids: [1, 2, 3], ...automatic }]);
    const evaluated = await cli(['eval', '--model', 'm', '--data', 'x', 'y', '--json']);
    expect(evaluated.lines).toEqual([{ loss: 1, perplexity: Math.E, bitsPerByte: 0.5, tokens: 9 }]);
    const devices = await cli(['devices', '--json']);
    expect(devices.lines).toMatchObject([{ backend: 'onnx', adapter: 'CPU', available: true }]);
  });

  it('have words for people', async () => {
    expect((await cli(['logits', '--model', 'm', '--ids', '1'])).out).toContain('2 logits');
    expect((await cli(['eval', '--model', 'm', '--data', 'x'])).out).toContain('0.5000');
    expect((await cli(['devices'])).out).toContain('CPU');
  });

  it.each([['1,x'], ['-1'], [''], ['1.5'], ['99999999999']])('refuse --ids %j', async (ids) => {
    const { code, err } = await cli(['logits', '--model', 'm', `--ids=${ids}`]);
    expect(code).toBe(1);
    expect(err).toContain('Expected token ids');
  });
});

describe('tokenizer', () => {
  it('trains', async () => {
    const args = [
      'tokenizer',
      'train',
      '--data',
      'a',
      'b',
      '--vocab-size',
      '300',
      '--out',
      't.json',
    ];
    const { engine, out } = await cli(args);
    expect(engine.asked).toEqual([
      { data: ['a', 'b'], vocab: 300, pattern: 'gpt2', specialTokens: [], out: 't.json' },
    ]);
    expect(out).toContain('300 tokens written to t.json');
    expect((await cli([...args, '--json'])).lines.at(-1)).toEqual({
      kind: 'done',
      file: 't.json',
      vocab: 300,
    });
  });

  it('encodes standard input or a file', async () => {
    const args = ['tokenizer', 'encode', '--tokenizer', 'gpt2', '--json'];
    const { lines, engine } = await cli(args, { stdin: '\uFEFFé' });
    expect(lines).toEqual([{ ids: [7] }]);
    expect(engine.asked).toMatchObject([{ text: '\uFEFFé', special: 'text', offsets: false }]);
    const file = inFolder('text.txt', 'é');
    const offsets = await cli([...args, '--offsets', '--special', 'forbid', file]);
    expect(offsets.lines).toEqual([
      { ids: [7], offsets: [{ bytes: [0, 2], utf16: [0, 1], partial: false }] },
    ]);
    expect((await cli([...args.slice(0, -1), '--offsets', file])).out).toContain('"é"');
  });

  it('refuses what is not UTF-8', async () => {
    const file = path.join(folder, 'binary');
    writeFileSync(file, new Uint8Array([0xff, 0xfe]));
    const { code, err } = await cli(['tokenizer', 'encode', '--tokenizer', 'gpt2', file]);
    expect(code).toBe(1);
    expect(err).toContain(`${file} is not UTF-8 text.`);
  });

  it.each([
    ['1 2\n3', '<1 2 3>'],
    ['[1,2]', '<1 2>'],
    ['{"ids":[4],"offsets":[]}', '<4>'],
    ['', '<>'],
  ])('decodes %j', async (stdin, text) => {
    const { out, code } = await cli(['tokenizer', 'decode', '--tokenizer', 'gpt2'], { stdin });
    expect([code, out]).toEqual([0, text]);
  });

  it('refuses ids that are none', async () => {
    const { code, err } = await cli(['tokenizer', 'decode', '--tokenizer', 'x'], { stdin: 'a b' });
    expect(code).toBe(1);
    expect(err).toContain('no list of token ids');
  });
});

describe('help', () => {
  const COMMANDS = [
    [],
    ['train'],
    ['generate'],
    ['logits'],
    ['eval'],
    ['tokenizer'],
    ['tokenizer', 'train'],
    ['tokenizer', 'encode'],
    ['tokenizer', 'decode'],
    ['devices'],
  ];

  it.each(COMMANDS.map((command) => [command]))('is there for %j', async (command) => {
    const { code, out, err, engine } = await cli([...command, '--help']);
    expect([code, err, engine.disposed]).toEqual([0, '', 0]);
    expect(out).toContain(`Usage: glassbox ${command.join(' ')}`.trim());
    if (command.length > 0 && command.join() !== 'tokenizer') {
      expect(out).toContain('--json');
      expect(out).toContain('--verbose');
    }
  });

  it('names the nearest command', async () => {
    const { code, err } = await cli(['trian']);
    expect(code).toBe(1);
    expect(err).toContain('Did you mean train?');
  });
});
