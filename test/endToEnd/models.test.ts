import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkpoint, sampleText, testFolder, writeText } from '../train/runs';
import { SMALL, cli, json } from './programs';

const folder = testFolder();
const text = writeText(folder);
const run = path.join(folder, 'run');
const model = checkpoint(run, 60);

beforeAll(async () => {
  const settings = [...SMALL, 'train.checkpointEvery=0', 'train.evalEvery=0'];
  await json(['train', '--data', text, ...settings, '--steps', '60', '--out', run]);
});

describe('generate', () => {
  const args = ['generate', '--model', model, '--prompt', 'The ', '--max-tokens', '8'];

  it('prints a line a token with --json, then the text', async () => {
    const lines = await json([...args, '--seed', '3', '--top-logprobs', '4']);
    const done = lines.pop()!;
    expect(Object.keys(done)).toEqual(['kind', 'text']);
    expect(done['kind']).toBe('done');
    expect(lines).toHaveLength(8);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['id', 'text', 'logprob', 'top']);
      const top = line['top'] as { id: number; text: string; logprob: number }[];
      expect(top).toHaveLength(4);
      expect(top.map((each) => Object.keys(each))).toEqual(
        Array.from({ length: 4 }, () => ['id', 'text', 'logprob']),
      );
      const logprobs = top.map(({ logprob }) => logprob);
      expect(logprobs).toEqual([...logprobs].sort((a, b) => b - a));
      const itself = top.find(({ id }) => id === line['id']);
      if (itself) expect(itself.logprob).toBe(line['logprob']);
      expect(logprobs.reduce((sum, each) => sum + Math.exp(each), 0)).toBeLessThan(1.000001);
    }
    expect(lines.map((line) => String(line['text'])).join('')).toBe(done['text']);
  });

  it('leaves nothing in the home, where onnxruntime would keep what it reports', async () => {
    const home = path.join(folder, 'home');
    mkdirSync(home);
    const { code } = await cli([...args, '--backend', 'onnx'], { env: { HOME: home } });
    expect([code, readdirSync(home)]).toEqual([0, []]);
  });

  it('has no alternatives where none are asked for', async () => {
    const lines = await json([...args, '--seed', '3']);
    expect(lines[0]).toMatchObject({ top: [] });
  });

  it('writes on from the prompt for a person', async () => {
    const { code, out } = await cli([...args, '--temperature', '0']);
    const lines = await json([...args, '--temperature', '0']);
    expect([code, out]).toEqual([0, `The ${String(lines.at(-1)!['text'])}\n`]);
    const table = await cli([...args, '--temperature', '0', '--top-logprobs', '3']);
    expect(table.out.trimEnd().split('\n')).toHaveLength(8);
    expect(table.out).toMatch(/%.*%.*%.*%/);
  });

  it('repeats itself with a seed, and narrows as it is told', async () => {
    const ids = async (...more: string[]): Promise<unknown[]> => {
      const lines = await json([...args, '--temperature', '1.5', ...more]);
      return lines.slice(0, -1).map(({ id }) => id);
    };
    expect(await ids('--seed', '5')).toEqual(await ids('--seed', '5'));
    const greedy = await ids('--temperature', '0');
    expect(await ids('--top-k', '1')).toEqual(greedy);
    expect(await ids('--top-p', '1e-9')).toEqual(greedy);
    expect(await ids('--min-p', '1')).toEqual(greedy);
  });
});

describe('logits', () => {
  const args = ['logits', '--model', model, '--ids', '84,104,101'];

  it('gives those of the last position, and what really computed them', async () => {
    const [answer, ...rest] = await json(args);
    expect(rest).toEqual([]);
    expect(Object.keys(answer!)).toEqual(['backend', 'adapter', 'precision', 'logits']);
    expect(answer!['backend']).toBe('onnx');
    expect(answer!['adapter']).toMatch(/onnxruntime .*CPU/);
    expect(answer!['logits']).toHaveLength(256);
    const [oracle] = await json([...args, '--backend', 'reference']);
    expect(oracle!['backend']).toBe('reference');
    const [ours, theirs] = [answer, oracle].map((each) => each!['logits'] as number[]);
    for (let i = 0; i < 256; i++) expect(Math.abs(ours![i]! - theirs![i]!)).toBeLessThan(1e-4);
    expect(ours).not.toEqual(theirs);
  });

  it('agrees with what generate calls the likeliest', async () => {
    const [answer] = await json(args);
    const logits = answer!['logits'] as number[];
    const line = (
      await json([
        ...['generate', '--model', model, '--prompt', 'The', '--temperature', '0'],
        ...['--max-tokens', '1', '--top-logprobs', '1'],
      ])
    )[0]!;
    expect(line['id']).toBe(logits.indexOf(Math.max(...logits)));
    const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
    expect(line['logprob']).toBeCloseTo(Math.max(...logits) - sum, 4);
  });

  it('is readable for a person too', async () => {
    const { code, out } = await cli(args);
    expect(code).toBe(0);
    expect(out).toMatch(/^256 logits, from onnx in f32 \(onnxruntime/);
  });

  it.each([['logits'], ['generate']])('%s never falls back to another backend', async (command) => {
    const more = command === 'logits' ? args.slice(1) : ['--model', model, '--prompt', 'x'];
    const { code, out, err } = await cli([command, ...more, '--backend', 'webgpu', '--json']);
    // Where there is a GPU, it is the GPU that answers.
    if (code === 0) {
      expect(out).toContain(command === 'logits' ? 'WebGPU' : '"done"');
      return;
    }
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: WebGPU/);
  });
});

describe('eval', () => {
  it('says how well a text is predicted', async () => {
    const held = writeText(folder, 'held.txt', sampleText(2000).slice(1000));
    const [answer, ...rest] = await json(['eval', '--model', model, '--data', held]);
    expect(rest).toEqual([]);
    expect(Object.keys(answer!)).toEqual(['loss', 'perplexity', 'bitsPerByte', 'tokens']);
    const { loss, perplexity, bitsPerByte, tokens } = answer as Record<string, number>;
    expect(perplexity).toBeCloseTo(Math.exp(loss!), 6);
    // A byte is a token here.
    expect(bitsPerByte).toBeCloseTo(loss! / Math.LN2, 6);
    expect(tokens).toBe(999);
    expect(loss).toBeLessThan(4.5);
    const { out } = await cli(['eval', '--model', model, '--data', held]);
    expect(out).toContain(bitsPerByte!.toFixed(4));
  });

  it('agrees with what the run said of its own held-out text', async () => {
    const lines = await json(['train', '--resume', run]);
    const measured = lines.find(({ kind }) => kind === 'eval')!;
    const corpus = readFileSync(path.join(run, 'corpus', 'validation-00000.bin'));
    const bytes = new Uint16Array(corpus.buffer, corpus.byteOffset, corpus.length / 2);
    const held = path.join(folder, 'own.txt');
    writeFileSync(held, Uint8Array.from(bytes));
    const [answer] = await json(['eval', '--model', model, '--data', held]);
    expect(answer!['loss']).toBeCloseTo(Number(measured['valLoss']), 5);
    expect(answer!['bitsPerByte']).toBeCloseTo(Number(measured['bitsPerByte']), 5);
  });
});

describe('devices', () => {
  it('names the backends and what each can do', async () => {
    const lines = await json(['devices']);
    expect(lines.map(({ backend }) => backend).sort()).toEqual(['onnx', 'reference', 'webgpu']);
    for (const line of lines)
      expect(Object.keys(line)).toEqual(['backend', 'adapter', 'available', 'details']);
    const { code, out } = await cli(['devices']);
    expect(code).toBe(0);
    expect(out).toMatch(/onnx/);
  });
});

describe('tokenizer', () => {
  const file = path.join(folder, 'trained', 'tokenizer.json');

  it('is trained, written, and encodes and decodes', async () => {
    const args = ['tokenizer', 'train', '--data', text, '--vocab-size', '300', '--out', file];
    const lines = await json(args);
    expect(lines.at(-1)).toMatchObject({ kind: 'done', file });
    const human = await cli([...args, '--pattern', 'o200k']);
    expect(human.code).toBe(0);
    expect(human.out).toContain(file);

    const source = 'The 3 whales, 🐋 too.\n';
    const where = path.join(folder, 'source.txt');
    writeFileSync(where, source);
    const [fromFile] = await json(['tokenizer', 'encode', '--tokenizer', file, where]);
    expect(Object.keys(fromFile!)).toEqual(['ids']);
    for (const dash of [['-'], []]) {
      const encode = ['tokenizer', 'encode', '--tokenizer', file, ...dash];
      expect(await json(encode, { stdin: source })).toEqual([fromFile]);
    }
    const { out } = await cli(['tokenizer', 'encode', '--tokenizer', file, where]);
    expect(out.trim().split(' ').map(Number)).toEqual(fromFile!['ids']);
    for (const stdin of [out, JSON.stringify(fromFile)]) {
      const decode = ['tokenizer', 'decode', '--tokenizer', path.dirname(file)];
      expect((await cli(decode, { stdin })).out).toBe(source);
      expect(await json(decode, { stdin })).toEqual([{ text: source }]);
    }
  });

  it('says where each token stands', async () => {
    const source = 'hi 🐋';
    const encode = ['tokenizer', 'encode', '--tokenizer', 'gpt2', '--offsets'];
    const [answer] = await json(encode, { stdin: source });
    expect(Object.keys(answer!)).toEqual(['ids', 'offsets']);
    const offsets = answer!['offsets'] as { bytes: number[]; utf16: number[]; partial: boolean }[];
    expect(offsets).toHaveLength((answer!['ids'] as number[]).length);
    expect(offsets[0]).toEqual({ bytes: [0, 2], utf16: [0, 2], partial: false });
    expect(offsets.at(-1)).toMatchObject({ bytes: [6, 7], utf16: [3, 5], partial: true });
    expect((await cli(encode, { stdin: source })).out).toContain('part of a character');
  });

  it('treats special tokens as it is told', async () => {
    const encode = ['tokenizer', 'encode', '--tokenizer', 'gpt2'];
    const stdin = 'a<|endoftext|>b';
    const ids = async (...more: string[]): Promise<number[]> =>
      (await json([...encode, ...more], { stdin }))[0]!['ids'] as number[];
    const plain = await ids();
    expect(plain).not.toContain(50256);
    expect(await ids('--special', 'text')).toEqual(plain);
    expect(await ids('--special', 'allow')).toEqual([64, 50256, 65]);
    const { code, err, out } = await cli([...encode, '--special', 'forbid', '--json'], { stdin });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: .*<\|endoftext\|>/);
  });

  it('of a checkpoint is the one that it was trained with', async () => {
    const [answer] = await json(['tokenizer', 'encode', '--tokenizer', model], { stdin: 'Aé' });
    expect(answer!['ids']).toEqual([65, 0xc3, 0xa9]);
  });
});

describe('every command', () => {
  it('has help that names its options', async () => {
    const helps: Record<string, string> = {
      train: 'recipe data preset set steps backend out resume seed threads',
      generate: 'model prompt max-tokens temperature top-k top-p min-p seed top-logprobs backend',
      logits: 'model ids backend',
      eval: 'model data',
      'tokenizer train': 'data vocab-size pattern out',
      'tokenizer encode': 'tokenizer offsets special',
      'tokenizer decode': 'tokenizer',
      devices: '',
    };
    const asked = Object.entries(helps).map(async ([command, options]) => {
      const { code, out, err } = await cli([...command.split(' '), '--help']);
      expect([code, err]).toEqual([0, '']);
      for (const option of `${options} json verbose`.trim().split(' '))
        expect(out).toMatch(new RegExp(`--${option}\\b`));
    });
    await Promise.all(asked);
  });

  it('does not touch a model that it reads', async () => {
    const copy = path.join(folder, 'copy');
    cpSync(model, copy, { recursive: true });
    const read = (): string => readFileSync(path.join(copy, 'model.safetensors'), 'base64');
    const before = read();
    await json(['generate', '--model', copy, '--prompt', 'a', '--max-tokens', '1']);
    expect(read()).toBe(before);
  });
});
