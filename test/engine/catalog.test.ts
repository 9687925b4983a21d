/** What lies on the disk, and what a recipe would need: the service itself, on folders made here. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BUILTIN_VOCABULARIES, createCatalogService } from '../../src/engine/catalogService';
import { builtinTokenizer, byteTokenizer } from '../../src/engine/tokenizer/tokenizer';
import type { RecipeProblem, RunSummary } from '../../src/protocol/catalogMessages';
import { resumeRun, startRun } from '../../src/engine/train/train';
import {
  checkpoint,
  collect,
  context,
  failure,
  never,
  smallRecipe,
  testFolder,
  train,
  watching,
  weights,
  writeText,
} from '../train/runs';

const folder = testFolder();
const text = writeText(folder);
const runs = path.join(folder, '.glassbox', 'runs');
const at = (name: string): string => path.join(runs, name);
const catalog = createCatalogService({ samplePath: text });
const recipe = (...settings: string[]): ReturnType<typeof smallRecipe> =>
  smallRecipe(text, 'train.steps=6', ...settings);

beforeAll(async () => {
  await train(recipe(), at('finished'));
});

/** The step that the run itself has written down as its best. */
const bestOf = (name: string): unknown =>
  z
    .object({ step: z.int() })
    .parse(JSON.parse(readFileSync(path.join(at(name), 'checkpoints', 'best.json'), 'utf8'))).step;

const summaries = (): Promise<RunSummary[]> => catalog.runs({ folders: [runs] }, never);
async function summaryOf(name: string): Promise<RunSummary | undefined> {
  return (await summaries()).find((each) => each.name === name);
}

describe('runs', () => {
  it('that have finished say what they reached', async () => {
    expect(await summaryOf('finished')).toMatchObject({
      folder: at('finished'),
      state: 'finished',
      step: 6,
      steps: 6,
      tokens: 6 * 2 * 16,
      loss: expect.any(Number) as number,
      valLoss: expect.any(Number) as number,
      checkpoints: [
        { step: 5, folder: checkpoint(at('finished'), 5) },
        { step: 6, folder: checkpoint(at('finished'), 6) },
      ],
      best: bestOf('finished'),
    });
  });

  it('are running while their process lives, then stopped', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const event of startRun(recipe(), { folder: at('a') }, context, stop.signal)) {
      if (event.kind !== 'train' || event.step !== 3) continue;
      seen.push(await summaryOf('a'));
      stop.abort();
    }
    expect(seen).toMatchObject([{ state: 'running', pid: process.pid, step: 3 }]);
    expect(await summaryOf('a')).toMatchObject({ state: 'stopped', step: 3, steps: 6 });
  });

  it('are interrupted where their process died in the midst of a line', async () => {
    cpSync(at('a'), at('b'), { recursive: true });
    writeFileSync(path.join(at('b'), 'run.lock'), '{"pid": 999999999}\n');
    appendFileSync(path.join(at('b'), 'metrics.jsonl'), '{"kind":"train","step":4,"tok');
    expect(await summaryOf('b')).toMatchObject({ state: 'interrupted', step: 3 });
  });

  it('have failed with the reason, until they go on', async () => {
    const broken = recipe('train.lr=1e30', 'train.gradientClip=0', 'train.warmup=0');
    const thrown = await failure(collect(startRun(broken, { folder: at('c') }, context, never)));
    expect(await summaryOf('c')).toMatchObject({
      state: 'failed',
      problem: (thrown as Error).message,
    });
    const settings = ['train.lr=0.01', 'train.gradientClip=1'];
    const options = { settings, out: undefined };
    await collect(resumeRun(at('c'), options, context, never));
    expect((await summaryOf('c'))?.state).toBe('finished');
  });

  it('are not marked as failed by a resume that was refused', async () => {
    const options = { settings: ['train.steps=2'], out: undefined };
    await failure(collect(resumeRun(at('finished'), options, context, never)));
    expect((await summaryOf('finished'))?.state).toBe('finished');
  });

  it('that an error ends have failed, with the state of the last checkpoint', async () => {
    const stop = watching(() => {
      throw new Error('the device is gone');
    });
    await failure(collect(startRun(recipe(), { folder: at('d') }, stop, never)));
    expect(await summaryOf('d')).toMatchObject({ state: 'failed', problem: 'the device is gone' });
  });

  it('are damaged where their recipe cannot be read, and others beside them are told', async () => {
    mkdirSync(at('e'), { recursive: true });
    writeFileSync(path.join(at('e'), 'recipe.json'), '{');
    expect(await summaryOf('e')).toMatchObject({
      state: 'damaged',
      problem: expect.stringContaining('not JSON') as string,
    });
    expect(await summaryOf('finished')).toBeDefined();
  });

  it('are none in a folder that is not there', async () => {
    expect(await catalog.runs({ folders: [at('nothing')] }, never)).toEqual([]);
  });

  it('find their last measurement behind thousands of steps', async () => {
    cpSync(at('finished'), at('long'), { recursive: true });
    const lines = readFileSync(path.join(at('long'), 'metrics.jsonl'), 'utf8').split('\n');
    const step = lines.find((line) => line.includes('"train"')) ?? '';
    const measured = '{"kind":"eval","step":7,"valLoss":1.25,"bitsPerByte":1}\n';
    const last = step.replace('"step":1', '"step":9');
    const records = `${measured}${`${step}\n`.repeat(900)}${last}\n`;
    writeFileSync(path.join(at('long'), 'metrics.jsonl'), records);
    expect(await summaryOf('long')).toMatchObject({ step: 9, valLoss: 1.25 });
  });
});

describe('models', () => {
  const models = (root: string): ReturnType<typeof catalog.models> =>
    catalog.models({ folders: [root] }, never);

  it('are the checkpoints of runs, and folders from elsewhere', async () => {
    const place = path.join(folder, 'found');
    mkdirSync(path.join(place, 'node_modules', 'm'), { recursive: true });
    cpSync(checkpoint(at('finished'), 6), path.join(place, 'a', 'mine'), { recursive: true });
    rmSync(path.join(place, 'a', 'mine', 'training.json'));
    cpSync(checkpoint(at('finished'), 6), path.join(place, 'node_modules', 'm'), {
      recursive: true,
    });
    const hub = path.join(place, 'models--org--whale', 'snapshots', 'abc');
    cpSync(path.join(place, 'a', 'mine'), hub, { recursive: true });
    writeFileSync(path.join(hub, 'chat_template.jinja'), '{{ messages }}');
    const found = await models(place);
    expect(found.map(({ name, chat }) => [name, chat]).sort()).toEqual([
      ['mine', false],
      ['org/whale', true],
    ]);
    expect(found[0]).toMatchObject({
      architecture: 'LlamaForCausalLM',
      vocab: 256,
      context: 16,
      parameters: 256 * 16 + 16 * 16 * 4 + 3 * 16 * 16 + 3 * 16,
      bytes: weights(at('finished'), 6).length,
    });
    const own = (await models(folder)).filter(({ run }) => run?.folder === at('finished'));
    const best = bestOf('finished');
    expect([5, 6]).toContain(best);
    expect(own.map(({ name, run }) => [name, run?.step, run?.best])).toEqual([
      ['finished', 5, best === 5],
      ['finished', 6, best === 6],
    ]);
  });

  it('that cannot be used are listed with the reason', async () => {
    const place = path.join(folder, 'broken');
    for (const name of ['cut', 'other', 'config'])
      cpSync(checkpoint(at('finished'), 6), path.join(place, name), { recursive: true });
    truncateSync(path.join(place, 'cut', 'model.safetensors'), 900);
    const other = { architectures: ['GPT2LMHeadModel'], vocab_size: 9, n_embd: 4 };
    writeFileSync(path.join(place, 'other', 'config.json'), JSON.stringify(other));
    writeFileSync(path.join(place, 'config', 'config.json'), '{');
    const found = new Map((await models(place)).map((model) => [model.name, model]));
    expect(found.get('cut')?.problem).toMatch(/safetensors/);
    expect(found.get('config')?.problem).toMatch(/config\.json/);
    expect(found.get('other')).toMatchObject({
      architecture: 'GPT2LMHeadModel',
      vocab: 9,
      problem: expect.stringContaining('GPT2LMHeadModel') as string,
    });
  });

  it('whose weights are links to files that are gone have that as their problem', async () => {
    const place = path.join(folder, 'dangling');
    cpSync(checkpoint(at('finished'), 6), path.join(place, 'm'), { recursive: true });
    const file = path.join(place, 'm', 'model.safetensors');
    rmSync(file);
    symlinkSync(path.join(place, 'gone'), file);
    expect(await models(place)).toMatchObject([
      { name: 'm', bytes: 0, problem: expect.stringContaining('safetensors') as string },
    ]);
  });

  it('are exported without what a run keeps, and never over something', async () => {
    const out = path.join(folder, 'exported');
    const { bytes } = await catalog.exportModel({ model: at('finished'), out }, never);
    expect(readdirSync(out).sort()).toEqual([
      ...['config.json', 'generation_config.json', 'model.safetensors'],
      ...['tokenizer.json', 'tokenizer_config.json'],
    ]);
    expect(bytes).toBeGreaterThan(weights(at('finished'), 6).length);
    const again = await failure(catalog.exportModel({ model: at('finished'), out }, never));
    expect(again).toMatchObject({ code: 'folder-not-empty' });
    const none = { model: at('nothing'), out: path.join(folder, 'none') };
    expect(await failure(catalog.exportModel(none, never))).toMatchObject({ code: 'not-a-model' });
    expect(readdirSync(folder)).not.toContain('none');
  });

  it('of a run are its newest checkpoint that can be read', async () => {
    const run = at('cut checkpoint');
    cpSync(at('finished'), run, { recursive: true });
    truncateSync(path.join(checkpoint(run, 6), 'model.safetensors'), 900);
    const out = path.join(folder, 'exported older');
    await catalog.exportModel({ model: run, out }, never);
    expect(readFileSync(path.join(out, 'model.safetensors'))).toEqual(weights(run, 5));
    rmSync(path.join(run, 'checkpoints'), { recursive: true });
    const none = { model: run, out: path.join(folder, 'none') };
    expect(await failure(catalog.exportModel(none, never))).toMatchObject({
      code: 'no-checkpoint',
    });
  });
});

describe('tokenizers', () => {
  it('are the built-in ones and those found, each with its size', async () => {
    const place = path.join(folder, 'tokenizers');
    mkdirSync(path.join(place, 'bytes'), { recursive: true });
    writeFileSync(path.join(place, 'bytes', 'tokenizer.json'), byteTokenizer().toJson());
    writeFileSync(path.join(place, 'bad.tokenizer.json'), '{');
    symlinkSync(path.join(place, 'gone'), path.join(place, 'lost.tokenizer.json'));
    const found = await catalog.tokenizers({ folders: [place, runs] }, never);
    const named = new Map(found.map((each) => [each.name, each]));
    expect(named.get('bytes')).toMatchObject({ builtin: false, vocab: 256 });
    expect(named.get('bad')?.problem).toBeDefined();
    expect(named.has('lost')).toBe(false);
    // A run's, once: not those of its checkpoints.
    expect(found.filter(({ name }) => name === 'finished')).toHaveLength(1);
    expect(named.get('cl100k_base')).toMatchObject({ builtin: true, tokenizer: 'cl100k_base' });
  });

  it('that are built in have the size that is told of them', async () => {
    for (const [name, vocab] of Object.entries(BUILTIN_VOCABULARIES))
      expect((await builtinTokenizer(name)).vocabSize).toBe(vocab);
  });
});

describe('a recipe', () => {
  const check = (recipe: object | string): Promise<RecipeProblem[]> =>
    catalog.checkRecipe(
      { kind: 'run', text: typeof recipe === 'string' ? recipe : JSON.stringify(recipe), folder },
      never,
    );
  const byte = { tokenizer: { kind: 'byte' }, data: { paths: ['text.txt'] } };

  it('without mistakes has no problems', async () => {
    expect(await check(byte)).toEqual([]);
    expect(await check({ tokenizer: { kind: 'byte' } })).toEqual([]);
  });

  it.each<[string, object | string, string, RegExp]>([
    ['is not JSON', '{', '', /not JSON: line 1/],
    ['has an unknown field', { train: { stepz: 1 } }, 'train.stepz', /did you mean train\.steps/],
    ['names no file', { ...byte, data: { paths: ['text.txt', 'no'] } }, 'data.paths[1]', /no such/],
    ['heads', { ...byte, model: { heads: 3 } }, 'model.heads', /does not divide model\.width/],
    ['key heads', { ...byte, model: { kvHeads: 3 } }, 'model.kvHeads', /does not divide/],
    ['model', { ...byte, model: { from: 'no' } }, 'model.from', /is not a model/],
    [
      'tokenizer',
      { ...byte, tokenizer: { kind: 'file', file: 'no.json' } },
      'tokenizer.file',
      /no such file/,
    ],
    ['freeze', { ...byte, model: { freeze: ['no.*'] } }, 'model.freeze', /No parameter is called/],
    ['context', { ...byte, model: { context: 5000 } }, 'model.context', /3600 bytes/],
    [
      'memory',
      { ...byte, model: { preset: 'base', context: 1024 }, train: { batch: 100_000 } },
      'train.batch',
      /GB of memory/,
    ],
  ])('that is wrong is underlined there: %s', async (_, recipe, place, message) => {
    const problems = await check(recipe);
    expect(problems).toContainEqual({
      path: place,
      severity: 'error',
      message: expect.stringMatching(message) as string,
    });
  });

  it('on empty files and folders is told of each', async () => {
    writeFileSync(path.join(folder, 'empty.txt'), '');
    writeFileSync(path.join(folder, 'binary.txt'), new Uint8Array([0, 255, 0, 3]));
    mkdirSync(path.join(folder, 'nothing'));
    const problems = await check({
      ...byte,
      data: { paths: ['empty.txt', 'nothing', 'binary.txt'] },
    });
    expect(problems.map((each) => each.path)).toEqual([
      ...['data.paths[0]', 'data.paths[1]', 'data.paths[2]'],
    ]);
  });

  it('is estimated: parameters exactly, memory and time as they will be about', async () => {
    const own = recipe('train.steps=100');
    const estimate = await catalog.estimate({ recipe: own }, never);
    const [model] = await catalog.models({ folders: [checkpoint(at('finished'), 6)] }, never);
    expect(estimate.parameters).toBe(model?.parameters);
    expect(estimate.memory).toBeGreaterThan(4 * 4 * estimate.parameters);
    expect(estimate.seconds).toBeGreaterThan((100 * 2 * 16) / estimate.tokensPerSecond);
    const larger = await catalog.estimate({ recipe: recipe('train.batch=64') }, never);
    expect(larger.memory).toBeGreaterThan(estimate.memory);
    // What is frozen has no moments of AdamW.
    const frozen = await catalog.estimate({ recipe: recipe('model.freeze=["*mlp*"]') }, never);
    expect(frozen.memory).toBeLessThan(estimate.memory);
    expect(frozen.tokensPerSecond).toBeGreaterThan(0);
    const stopped = catalog.estimate({ recipe: recipe('model.width=32') }, AbortSignal.abort());
    expect(await failure(stopped)).toMatchObject({ code: 'cancelled' });
  });
});

describe('a recipe of a corpus', () => {
  const check = (recipe: object): Promise<RecipeProblem[]> =>
    catalog.checkRecipe({ kind: 'corpus', text: JSON.stringify(recipe), folder }, never);

  it('without mistakes has no problems', async () => {
    expect(await check({ sources: ['text.txt', '.'] })).toEqual([]);
  });

  it.each<[string, object, string, RegExp]>([
    ['an unknown field', { c4: { minSentence: 1 } }, 'c4.minSentence', /did you mean c4\.minSen/],
    ['no file', { sources: ['text.txt', 'no.warc'] }, 'sources[1]', /no such/],
    ['no format', { sources: ['picture.png'] }, 'sources[0]', /no format that can be read/],
    ['no list', { sources: ['.'], url: { lists: ['no'] } }, 'url.lists[0]', /no such/],
    ['no source', {}, 'sources', /no source/],
    [
      'nothing let through',
      { sources: ['.'], gopherQuality: { minWords: 10, maxWords: 9 } },
      'gopherQuality.minWords',
      /more than gopherQuality\.maxWords \(9\)/,
    ],
  ])('is underlined: %s', async (_, recipe, place, message) => {
    writeFileSync(path.join(folder, 'picture.png'), '');
    const problems = await check(recipe);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      path: place,
      message: expect.stringMatching(message) as string,
    });
  });
});
