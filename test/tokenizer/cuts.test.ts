import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Tokenizer, builtinTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';
import { CUTTABLE } from './cuttable';

/** Awkward texts, with the tokenizer's special tokens in some of them. */
function textWith(tokenizer: Tokenizer): fc.Arbitrary<string> {
  const special = [...tokenizer.specialTokens.keys()].slice(0, 3);
  const between = fc.constantFrom('', ' ', '<', ...special);
  return fc
    .array(fc.tuple(awkwardText(), between), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.flat().join(''));
}

describe.each(CUTTABLE)('%s', (name, load) => {
  test.each(['text', 'allow'] as const)(
    'a sure cut leaves the tokens as they are; special tokens: %s',
    async (special) => {
      const tokenizer = await load();
      fc.assert(
        fc.property(textWith(tokenizer), fc.boolean(), (awkward, continues) => {
          const text = name === 'char' ? awkward.replaceAll(/[^\0-\u2fff]/gu, '') : awkward;
          const whole = tokenizer.encode(text, { continues, special });
          for (let at = 1; at < text.length; at++) {
            if (!tokenizer.isCut(text, at, special)) continue;
            const left = tokenizer.encode(text.slice(0, at), { continues, special });
            const right = tokenizer.encode(text.slice(at), { continues: true, special });
            expect([text, at, [...left, ...right]]).toEqual([text, at, whole]);
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  test('a sure cut leaves them so beside a long stretch that normalizing may take away', async () => {
    const tokenizer = await load();
    const { cutReach } = tokenizer;
    const text = `a ${'\r'.repeat(cutReach)}  b`;
    const whole = tokenizer.encode(text);
    for (let at = 1; at < text.length; at++) {
      if (!tokenizer.isCut(text, at)) continue;
      const right = tokenizer.encode(text.slice(at), { continues: true });
      expect([at, [...tokenizer.encode(text.slice(0, at)), ...right]]).toEqual([at, whole]);
    }
  });

  test('a sure cut depends on the text around it alone', async () => {
    const tokenizer = await load();
    const reach = tokenizer.cutReach;
    fc.assert(
      fc.property(awkwardText(), awkwardText(), awkwardText(), (before, text, after) => {
        const all = before + text + after;
        for (let at = 1; at < text.length; at++) {
          const there = before.length + at;
          const around = all.slice(Math.max(0, there - reach), there + reach);
          expect(tokenizer.isCut(around, Math.min(there, reach))).toBe(tokenizer.isCut(all, there));
        }
      }),
      { numRuns: 50 },
    );
  });
});

test.each(['gpt2', 'cl100k_base', 'o200k_base'])('%s: words, lines and numbers', async (name) => {
  const tokenizer = await builtinTokenizer(name);
  const text = 'Two words, 3rd\nx=y;';
  const cuts = Array.from(text, (_, at) => at).filter((at) => tokenizer.isCut(text, at));
  expect(cuts.map((at) => text.slice(at, at + 2))).toEqual([
    ' w',
    ', ',
    ' 3',
    'rd',
    'x=',
    '=y',
    ';',
  ]);
});
