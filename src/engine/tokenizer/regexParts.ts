/** What the escapes and names of tokenizer files' regular expressions stand for in JavaScript's. */
import { caseVariants } from './caseVariants';

const SPACE = '\\p{White_Space}';
const DIGIT = '\\p{Nd}';
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
const ANY = '[\\s\\S]';

/** Escapes of characters that have no glyph. */
export const CONTROL: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
};

/** Escapes that stand for a set of characters: its members, as inside of a class. */
export const SETS: Readonly<Record<string, string>> = { s: SPACE, d: DIGIT, w: WORD };

/** The names of `[:alpha:]` and its like. */
export const POSIX: ReadonlyMap<string, string> = new Map([
  ['alpha', '\\p{Alphabetic}'],
  ['alnum', '\\p{Alphabetic}\\p{Nd}'],
  ['digit', DIGIT],
  ['upper', '\\p{Uppercase}'],
  ['lower', '\\p{Lowercase}'],
  ['space', SPACE],
  ['cntrl', '\\p{Cc}'],
  ['word', WORD],
  ['xdigit', '0-9A-Fa-f'],
]);

export const ASSERTIONS: Readonly<Record<string, string>> = {
  A: `(?<!${ANY})`,
  z: `(?!${ANY})`,
  Z: `(?=\\n?(?!${ANY}))`,
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
};

/** An expression for one character. */
export function literal(character: string, anyCase: boolean): string {
  const variants = anyCase ? caseVariants(character, character) : [];
  return variants.length > 0
    ? `[${escaped(character)}${variants.map(escaped).join('')}]`
    : escaped(character);
}

/** `from`-`to` as a member of a class. */
export function memberRange(from: string, to: string, anyCase: boolean): string {
  const range = from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`;
  return anyCase ? range + caseVariants(from, to).map(escaped).join('') : range;
}

function escaped(character: string): string {
  return /^[A-Za-z0-9]$/.test(character)
    ? character
    : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
