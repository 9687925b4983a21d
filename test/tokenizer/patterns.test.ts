import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type SplitPattern,
  patternExpression,
  splitterOf,
  translateRegex,
} from '../../src/engine/tokenizer/tokenizer';
import { anyCharacters, awkwardText } from './awkwardText';

const ODD = ['\u0085', '\ufeff', '\u017f', '\u212a', 'a', ' ', "'"];

/** Awkward text with the characters on which the peers of other tests disagree, and any others. */
const anyText = (): fc.Arbitrary<string> =>
  fc
    .tuple(awkwardText(), anyCharacters(), fc.string({ unit: fc.constantFrom(...ODD) }))
    .map((parts) => parts.join(''));

const CL100K_BASE =
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s++\\z|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";

const patterns: [string, SplitPattern][] = [
  ['gpt2', 'gpt2'],
  ['cl100k', 'cl100k'],
  ['o200k', 'o200k'],
  ['Qwen', { regex: patternExpression('cl100k').replace('{1,3}', '') }],
  ['cl100k_base', { regex: CL100K_BASE }],
];

describe.each(patterns)('the scanner of %s', (_, pattern) => {
  const regex = translateRegex(patternExpression(pattern));
  const splitter = splitterOf(pattern);

  test('cuts as its regular expression does', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const ends = Array.from(text.matchAll(regex), (match) => match.index + match[0].length);
        expect(splitter.split(text)).toEqual(ends);
      }),
      { numRuns: 1000 },
    );
  });

  test('what it calls settled stays so', () => {
    fc.assert(
      fc.property(awkwardText(), anyText(), (text, more) => {
        const settled = splitter.settled(text, 0);
        expect(splitter.split(text + more).slice(0, settled.length)).toEqual(settled);
      }),
      { numRuns: 300 },
    );
  });

  test('a long text without a cut takes no time', () => {
    for (const text of ['a', ' ', '\n', '!', '1', '好', "'"].map((one) => one.repeat(300_000))) {
      expect(splitter.split(text).at(-1)).toBe(text.length);
    }
  });
});

describe('regular expressions of tokenizer files', () => {
  const matches = (source: string, text: string): string[] =>
    text.match(translateRegex(source)) ?? [];

  test.each([
    ['\\s', 'a\u0085b\ufeffc d', ['\u0085', ' ']],
    ['\\S+', 'a\u0085b\ufeffc d', ['a', 'b\ufeffc', 'd']],
    ['\\d', '1٣x', ['1', '٣']],
    ['\\w+', 'naïve_٣-x', ['naïve_٣', 'x']],
    ['(?i:s)', 'asſSk', ['s', 'ſ', 'S']],
    ['(?i:[j-l])', 'JklK\u212a', ['J', 'k', 'l', 'K', '\u212a']],
    ['(?i)ab|c', 'ABcC', ['AB', 'c', 'C']],
    ['(?i:a(?-i:b))', 'AbAB', ['Ab']],
    ['a++ab|b', 'aaab', ['b']],
    ['(?>a|ab)c|.', 'abc', ['a', 'b', 'c']],
    ['a{2}+', 'aaaaa', ['aaaa']],
    ['a{,2}b', 'aab', ['aab']],
    ['a{b', 'a{b', ['a{b']],
    ['^x|y$', 'x\nxy\ny', ['x', 'x', 'y', 'y']],
    ['\\Ax|y\\z', 'x\nxy\ny', ['x', 'y']],
    ['.+', 'a\r\u2028b\nc', ['a\r\u2028b', 'c']],
    ['[[:alpha:]]+', 'ab1', ['ab']],
    ['[a-f&&[^c]]+', 'abcdg', ['ab', 'd']],
    ['[^[ab]c]', 'abcd', ['d']],
    ['[]a]+', 'a]b', ['a]']],
    ['[a\\-z-]+', 'a-z', ['a-z']],
    ['\\p{Han}+', 'a漢字', ['漢字']],
    ['\\P{L}|\\p{^Lu}', 'A1', ['1']],
    ['\\x{1F44D}|\\u0041', 'A👍', ['A', '👍']],
    ['(?<word>a)(?P<other>b)', 'ab', ['ab']],
    ['\\bx', 'x éx -x', ['x', 'x']],
    ['(?<=a)b|c(?!d)', 'ab cd c', ['b', 'c']],
    ['\\R', '\r\n\n', ['\r\n', '\n']],
    ['[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]', 'a-]', ['-', ']']],
  ])('%s', (source, text, expected) => {
    expect(matches(source, text)).toEqual(expected);
  });

  test.each([
    ['(a)\\1', '\\1'],
    ['a(?=b', 'a ( without its )'],
    ['a)', 'an unmatched )'],
    ['[a', 'a [ without its ]'],
    ['*a', 'a quantifier with nothing before it'],
    ['\\Xa', '\\X'],
    ['(?x: a)', 'a group of this kind'],
    ['\\p{Nonsense}', 'the character property Nonsense'],
    ['[[:constructor:]]', '[:constructor:]'],
    ['[z-a]', 'a range that runs backwards'],
    ['(?i:\\p{Lu})', '\\p{Lu} without regard to case'],
    ['a\\', 'an unfinished end'],
  ])('%s is refused, and says why', (source, why) => {
    expect(() => translateRegex(source)).toThrow(
      expect.objectContaining({
        code: 'tokenizer-pattern',
        message: expect.stringContaining(why) as string,
      }),
    );
  });

  test('anything else gives an expression or that error', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '?',
        '+',
        '*',
        '|',
        '\\',
        '^',
        '-',
        '{1,2}',
        '(?i:',
        '&&',
        '\\p{L}',
        '\\s',
        '.',
      ),
      fc.string({ maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          splitterOf({ regex: pieces.join('') });
        } catch (error) {
          expect(error).toMatchObject({ code: 'tokenizer-pattern' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('text that an expression leaves over is a piece of its own', () => {
    const splitter = splitterOf({ regex: '\\d+|(?=X)' });
    expect(splitter.split('ab12cX34')).toEqual([2, 4, 5, 6, 8]);
    expect(splitter.split('')).toEqual([]);
  });
});

test('an unknown name is refused', () => {
  expect(() => patternExpression(JSON.parse('"gpt9"') as SplitPattern)).toThrow(
    expect.objectContaining({ code: 'tokenizer-pattern' }),
  );
});
