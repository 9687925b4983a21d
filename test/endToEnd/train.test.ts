import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipeJsonSchema } from '../../src/recipe/run';
import {
  checkpointNames,
  metrics,
  sampleText,
  testFolder,
  timeless,
  weights,
  writeText,
} from '../train/runs';
import { SMALL, cli, json, start } from './programs';

const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);

const recipeOf = (run: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(path.join(run, 'recipe.json'), 'utf8')) as Record<
    string,
    Record<string, unknown>
  >;

describe('train', () => {
  it('prints the metrics lines with --json, ends with where the run lies, and nothing else', async () => {
    const run = at('json');
    const lines = await json(['train', '--data', text, ...SMALL, '--steps', '6', '--out', run]);
    expect(lines.at(-1)).toEqual({
      kind: 'done',
      run,
      checkpoint: path.join(run, 'checkpoints', 'step-000006'),
    });
    expect(lines.slice(0, -1)).toEqual(metrics(run));
    const train = lines.filter(({ kind }) => kind === 'train');
    expect(train.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(train[0]!)).toEqual([
      'kind',
      'step',
      'tokens',
      'loss',
      'lr',
      'gradNorm',
      'tokensPerSecond',
      'stepMs',
      'time',
    ]);
    const evaluations = lines.filter(({ kind }) => kind === 'eval');
    expect(evaluations.map(({ step }) => step)).toEqual([5, 6]);
    expect(Object.keys(evaluations[0]!)).toEqual(['kind', 'step', 'valLoss', 'bitsPerByte']);
  });

  it('keeps its runs out of git, but a .gitignore that is there as it is', async () => {
    const cwd = at('repository');
    mkdirSync(cwd);
    const args = ['train', '--data', text, ...SMALL, '--steps', '1'];
    expect((await cli(args, { cwd })).code).toBe(0);
    const file = path.join(cwd, '.glassbox', '.gitignore');
    expect(readFileSync(file, 'utf8')).toBe('*\n');
    writeFileSync(file, 'mine\n');
    expect((await cli(args, { cwd })).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('mine\n');
  });

  it('tells a person how it goes, what it wrote, and where it lies', async () => {
    const run = at('human');
    const args = ['train', '--data', text, ...SMALL, 'train.sampleEvery=3', '--steps', '6'];
    const { code, out, err } = await cli([...args, '--out', run]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/step +6/);
    expect(out).toContain('bits per byte');
    expect(out).toContain(path.join(run, 'checkpoints', 'step-000006'));
    expect(out).not.toContain('\u001b');
  });

  it('resumes to the same as one run, from the run or the checkpoint, --steps the total', async () => {
    const [whole, parts] = [at('whole'), at('parts')];
    const args = ['train', '--data', text, ...SMALL, 'train.accumulate=2', 'train.optimizer=muon'];
    await json([...args, '--steps', '11', '--out', whole]);
    await json([...args, '--steps', '5', '--out', parts]);
    await json(['train', '--resume', parts, '--steps', '8']);
    const newest = path.join(parts, 'checkpoints', 'step-000008');
    const lines = await json(['train', '--resume', newest, '--steps', '11']);
    expect(lines[0]).toMatchObject({ kind: 'train', step: 9 });
    expect(lines.at(-1)).toMatchObject({ kind: 'done', run: parts });
    const steps = (run: string): unknown[] =>
      timeless(run).filter((line) => (line as { kind: string }).kind === 'train');
    expect(steps(parts)).toEqual(steps(whole));
    expect(weights(parts, 11).equals(weights(whole, 11))).toBe(true);
  });

  it('takes a recipe from a file, its paths relative to it, and options over it', async () => {
    mkdirSync(at('recipe'));
    writeText(at('recipe'), 'near.txt');
    const recipe = {
      name: 'from-file',
      data: { paths: ['near.txt'] },
      tokenizer: { kind: 'byte' },
      model: { layers: 1, width: 16, heads: 2, context: 16 },
      train: { steps: 9, batch: 2, lr: 0.5 },
      samples: { prompts: [] },
    };
    writeFileSync(path.join(at('recipe'), 'my.recipe.json'), JSON.stringify(recipe));
    const args = ['--recipe', 'recipe/my.recipe.json', '--set', 'train.lr=0.25', '--steps', '2'];
    const lines = await json(['train', ...args, '--threads', '1'], { cwd: folder });
    const run = path.join('.glassbox', 'runs', 'from-file');
    expect(lines.at(-1)).toMatchObject({ kind: 'done', run });
    const kept = recipeOf(at(run));
    expect(kept['train']).toMatchObject({ steps: 2, lr: 0.25, batch: 2 });
    expect(kept['runtime']).toMatchObject({ threads: 1 });
  });

  it('reads several paths, files and folders', async () => {
    mkdirSync(at('texts/deep'), { recursive: true });
    writeText(at('texts'), 'a.md', 'a'.repeat(300));
    writeText(at('texts/deep'), 'b.jsonl', '{"text": "bbb"}\n{"text": "bb"}\n');
    const other = writeText(folder, 'c.text', 'c'.repeat(100));
    const run = at('several');
    const sources = ['--data', at('texts'), other];
    const small = [...SMALL, 'data.validationFraction=0'];
    await json(['train', ...sources, ...small, '--steps', '1', '--out', run]);
    const index = JSON.parse(readFileSync(path.join(run, 'corpus', 'index.json'), 'utf8')) as {
      splits: { train: { bytes: number } };
    };
    expect(index.splits.train.bytes).toBe(300 + 5 + 100);
  });

  it('makes a tokenizer of characters', async () => {
    const run = at('characters');
    const small = [...SMALL, 'tokenizer.kind=char'];
    await json(['train', '--data', text, ...small, '--steps', '1', '--out', run]);
    const config = path.join(run, 'checkpoints', 'step-000001', 'config.json');
    expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({
      vocab_size: new Set(sampleText(4000)).size,
    });
  });

  it('reaches every field of a recipe by --set', async () => {
    const settings: Record<string, string> = {
      'model.layers': '2',
      'model.heads': '4',
      'model.kvHeads': '2',
      'model.width': '32',
      'model.intermediate': '48',
      'model.context': '8',
      'model.tieEmbeddings': 'false',
      'train.batch': '3',
      'train.lr': '0.002',
      'train.optimizer': 'muon',
      'train.checkpointEvery': '1',
      'train.evalEvery': '2',
      'tokenizer.kind': 'bpe',
      'tokenizer.vocab': '260',
      seed: '7',
    };
    const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    const run = at('every');
    const args = ['train', '--data', text, ...SMALL, ...pairs, '--set', 'train.accumulate=2'];
    await json([...args, '--steps', '2', '--out', run]);
    const recipe = recipeOf(run);
    for (const [key, value] of Object.entries({ ...settings, 'train.accumulate': '2' })) {
      const at = key.split('.').reduce<unknown>((part, name) => {
        return (part as Record<string, unknown>)[name];
      }, recipe);
      expect(`${key}=${String(at)}`).toBe(`${key}=${value}`);
    }
    const config = JSON.parse(
      readFileSync(path.join(run, 'checkpoints', 'step-000002', 'config.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(config).toMatchObject({
      ...{ num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2 },
      ...{ hidden_size: 32, intermediate_size: 48, max_position_embeddings: 8 },
      ...{ tie_word_embeddings: false, vocab_size: 260 },
    });
    expect(checkpointNames(run)).toEqual(['step-000001', 'step-000002']);
    expect(recipeJsonSchema().properties).toHaveProperty('train');
  });

  it('has presets', async () => {
    const run = at('preset');
    const small = ['train.batch=1', 'train.evalEvery=0', 'train.sampleEvery=0'];
    const args = ['train', '--data', text, '--preset', 'tiny', '--set', 'tokenizer.kind=byte'];
    await json([...args, ...small, '--steps', '1', '--out', run]);
    expect(recipeOf(run)['model']).toMatchObject({ preset: 'tiny' });
    const other = await cli(['train', '--preset', 'huge']);
    expect(other.code).toBe(1);
    expect(other.err).toContain('tiny, small, base');
  });

  it('repeats itself with the same seed', async () => {
    const losses = async (seed: string, name: string): Promise<unknown[]> => {
      const args = ['train', '--data', text, ...SMALL, '--steps', '3', '--seed', seed];
      const lines = await json([...args, '--out', at(name)]);
      return lines.map(({ loss, gradNorm }) => [loss, gradNorm]);
    };
    const first = await losses('5', 'seed-a');
    expect(await losses('5', 'seed-b')).toEqual(first);
    expect(await losses('6', 'seed-c')).not.toEqual(first);
  });

  it('computes with the backend that is named, or not at all', async () => {
    const args = ['train', '--data', text, ...SMALL, 'train.batch=1', '--steps', '2'];
    const [onnx, reference] = [at('onnx'), at('reference')];
    const first = await json([...args, '--backend', 'onnx', '--out', onnx]);
    const second = await json([...args, '--backend', 'reference', '--out', reference]);
    expect(Number(second[0]!['loss'])).toBeCloseTo(Number(first[0]!['loss']), 4);
    // Doubles and floats never agree in every bit of every weight.
    expect(weights(reference, 2).equals(weights(onnx, 2))).toBe(false);
    const before = readdirSync(folder);
    const { code, out, err } = await cli([...args, '--backend', 'webgpu', '--out', at('gpu')]);
    // Where there is a GPU, it is the GPU that trains.
    if (code === 0) {
      expect(readdirSync(at('gpu'))).toContain('checkpoints');
      return;
    }
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: WebGPU.*\n {2}.*--backend onnx.*\n$/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('stops where nobody reads what it prints, with a checkpoint', async () => {
    const run = at('unread');
    const args = ['train', '--data', text, ...SMALL, 'train.checkpointEvery=0', '--json'];
    const started = start([...args, '--steps', '1000000', '--out', run]);
    await started.line((line) => line.includes('"step":3,'));
    started.child.stdout.destroy();
    await started.ended;
    const [name] = checkpointNames(run);
    expect(name).toMatch(/^step-\d+$/);
    expect(Number(name!.slice(5))).toBe(Math.max(...metrics(run).map(({ step }) => step)));
  });

  it('says nothing but JSON lines on standard output, even where it fails', async () => {
    const { code, out } = await cli(['train', '--data', at('none'), '--json', '--out', at('x')]);
    expect([code, out]).toEqual([1, '']);
  });
});
