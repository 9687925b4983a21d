import { setImmediate } from 'node:timers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import { encodeText } from '../../src/engine/documents/documents';
import { builtinTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from '../tokenizer/awkwardText';
import { CUTTABLE } from '../tokenizer/cuttable';

const never = new AbortController().signal;

describe.each(CUTTABLE)('%s', (name, load) => {
  test.each(['text', 'allow'] as const)(
    'a long text has the tokens of the whole; special tokens: %s',
    async (special) => {
      const tokenizer = await load();
      const tokens = [...tokenizer.specialTokens.keys()].slice(0, 3);
      await fc.assert(
        fc.asyncProperty(
          awkwardText(),
          fc.constantFrom('', ' ', ...tokens),
          fc.nat({ max: 20_000 }),
          async (awkward, between, length) => {
            const part = `${awkward} word${between}`;
            const long = part.repeat(Math.ceil(length / part.length)).slice(0, length);
            const text = name === 'char' ? long.replaceAll(/[^\0-\u2fff]/gu, '') : long;
            const expected = tokenizer.encodeWithOffsets(text, { special });
            expect(await encodeText(tokenizer, text, { special, offsets: true }, never)).toEqual(
              expected,
            );
          },
        ),
        { numRuns: 8 },
      );
    },
  );
});

test.each(['text', 'allow', 'forbid'] as const)(
  'others get their turn meanwhile; special tokens: %s',
  async (special) => {
    const tokenizer = await builtinTokenizer('gpt2');
    const text = 'some words that go on <|endoftext|>'.slice(0, special === 'forbid' ? 22 : 99);
    const controller = new AbortController();
    const encoding = encodeText(
      tokenizer,
      text.repeat(200_000),
      { special, offsets: false },
      controller.signal,
    );
    setImmediate(() => controller.abort());
    await expect(encoding).rejects.toMatchObject({ code: 'cancelled' });
  },
);

test('a forbidden token is named with its place in the whole text', async () => {
  const tokenizer = await builtinTokenizer('gpt2');
  const text = `${'words '.repeat(5000)}<|endoftext|>`;
  const encoding = encodeText(tokenizer, text, { special: 'forbid', offsets: false }, never);
  await expect(encoding).rejects.toThrow(GlassboxError);
  await expect(encoding).rejects.toMatchObject({
    code: 'tokenizer-special-forbidden',
    details: { position: 30_000 },
  });
});
