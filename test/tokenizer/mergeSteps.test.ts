import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learnMerges, trainBpe } from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';

test('the steps are those of the training', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(awkwardText(), { minLength: 4, maxLength: 40 }), async (texts) => {
      const text = `${texts.join(' ')}.`;
      const { tokens, pieces, steps } = learnMerges(text, 'gpt2', 60);
      expect(pieces.join('')).toBe(text);
      expect(tokens).toBe(Buffer.byteLength(text));
      const trained = await trainBpe(text, { vocabSize: 316, pattern: 'gpt2', specialTokens: [] });
      for (const [index, { pairs, token, tokens: left }] of steps.entries()) {
        const [chosen, next] = pairs;
        expect(trained.tokenText(token.id)).toBe(token.text);
        const joined = chosen!.left + chosen!.right;
        if (!joined.includes('<0x')) expect(joined).toBe(token.text);
        expect(chosen!.count).toBeGreaterThanOrEqual(next?.count ?? 1);
        const before = steps[index - 1]?.tokens ?? tokens;
        expect(left).toBeLessThan(before);
        // Overlapping pairs (`aaa`) are counted twice and merged once.
        expect(before - left).toBeLessThanOrEqual(chosen!.count);
      }
      const end = steps.at(-1);
      if (end) expect(end.tokens).toBe(trained.encode(text).length);
    }),
    { numRuns: 40 },
  );
});

test('the pair that occurs most often goes first', () => {
  const { steps } = learnMerges('low lower lowest newest', 'gpt2', 2);
  expect(steps[0]).toMatchObject({
    token: { id: 256, text: 'lo' },
    tokens: 20,
  });
  expect(steps[0]!.pairs[0]).toEqual({ left: 'l', right: 'o', count: 3 });
  expect(steps[1]!.token.text).toBe('we');
});

test('a text without pairs has no steps', () => {
  expect(learnMerges('', 'gpt2', 5)).toEqual({ tokens: 0, pieces: [], steps: [] });
  expect(learnMerges('a', 'cl100k', 5).steps).toEqual([]);
});
