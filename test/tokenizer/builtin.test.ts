import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import * as gpt2 from 'gpt-tokenizer/encoding/r50k_base';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { BUILTIN_TOKENIZERS, builtinTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';

const PEERS = { gpt2, cl100k_base: cl100k, o200k_base: o200k };
const names = ['gpt2', 'cl100k_base', 'o200k_base'] as const;

describe.each(names)('%s', (name) => {
  test('gives the ids of gpt-tokenizer, and the text back', async () => {
    const tokenizer = await builtinTokenizer(name);
    fc.assert(
      fc.property(awkwardText(), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids).toEqual(PEERS[name].encode(text, { disallowedSpecial: new Set() }));
        expect(tokenizer.decode(ids)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 300 },
    );
  });

  test('special tokens are plain text, tokens or refused, as the caller wants', async () => {
    const tokenizer = await builtinTokenizer(name);
    const end = tokenizer.specialTokens.get('<|endoftext|>');
    expect(tokenizer.eosId).toBe(end);
    expect(tokenizer.encode('a<|endoftext|>b', { special: 'allow' })).toEqual([
      ...tokenizer.encode('a'),
      end,
      ...tokenizer.encode('b'),
    ]);
    const plain = tokenizer.encode('a<|endoftext|>b');
    expect(plain).not.toContain(end);
    expect(tokenizer.decode(plain)).toBe('a<|endoftext|>b');
    expect(() => tokenizer.encode('a<|endoftext|>b', { special: 'forbid' })).toThrow(
      expect.objectContaining({ code: 'tokenizer-special-forbidden' }),
    );
    expect(tokenizer.encode('a', { special: 'forbid' })).toEqual(tokenizer.encode('a'));
  });

  test('a very long word is no trouble, nor is a very long blank', async () => {
    const tokenizer = await builtinTokenizer(name);
    for (const text of ['a'.repeat(300_000), '好'.repeat(100_000), ' '.repeat(300_000)]) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });
});

test('vocabulary sizes are the largest id + 1', async () => {
  const sizes = await Promise.all(
    names.map(async (name) => (await builtinTokenizer(name)).vocabSize),
  );
  expect(sizes).toEqual([50257, 100277, 200019]);
});

test('an unknown name is an error that lists the known ones', async () => {
  await expect(builtinTokenizer('gpt5')).rejects.toMatchObject({
    code: 'tokenizer-unknown',
    remedy: expect.stringContaining(BUILTIN_TOKENIZERS.join(', ')) as string,
  });
});

test('the ids of a vocabulary with holes are told apart', async () => {
  const tokenizer = await builtinTokenizer('cl100k_base');
  expect(tokenizer.hasToken(100255)).toBe(true);
  expect(tokenizer.hasToken(100256)).toBe(false);
  expect(() => tokenizer.decode([100256])).toThrow(
    expect.objectContaining({ code: 'tokenizer-unknown-id' }),
  );
  expect(() => tokenizer.tokenBytes(-1)).toThrow(/no token -1/);
});
