/** Two texts compared word by word (Myers' algorithm, by `diff`). */
import { diffWordsWithSpace } from 'diff';

export interface DiffPart {
  readonly text: string;
  /** `same` in both, only in the first (`gone`), or only in the second (`new`). */
  readonly kind: 'same' | 'gone' | 'new';
}

/** Texts of more code units than this are compared as wholes: the comparison's time grows fast. */
const LONGEST = 20_000;

export function diffWords(before: string, after: string): DiffPart[] {
  if (before === after) return before === '' ? [] : [{ text: before, kind: 'same' }];
  if (before.length + after.length > LONGEST) {
    const parts: DiffPart[] = [
      { text: before, kind: 'gone' },
      { text: after, kind: 'new' },
    ];
    return parts.filter(({ text }) => text !== '');
  }
  return diffWordsWithSpace(before, after).map(({ value, added, removed }) => ({
    text: value,
    kind: added ? 'new' : removed ? 'gone' : 'same',
  }));
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

export const wordCount = (text: string): number => wordsOf(text).length;

/**
 * How alike two texts are, from 0 to 1: twice the words that both have in the same order (the longest
 * common subsequence), over the words of both together. Two texts without words are alike.
 */
export function likeness(one: string, other: string): number {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  if (a.length + b.length === 0) return 1;
  return (2 * commonWords(a, b)) / (a.length + b.length);
}

function commonWords(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1);
  for (const word of a) {
    const now = new Uint32Array(b.length + 1);
    for (const [at, other] of b.entries())
      now[at + 1] = word === other ? before[at]! + 1 : Math.max(before[at + 1]!, now[at]!);
    before = now;
  }
  return before[b.length] ?? 0;
}
