/** Two texts compared word by word (Myers' algorithm, by `diff`). */
import { diffWordsWithSpace } from 'diff';
import { wordsOf } from '../base/words';

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

export const wordCount = (text: string): number => wordsOf(text).length;

/** Pairs of words that are compared at most, to count those in the same order: some milliseconds. */
const MOST_PAIRS = 4_000_000;

/**
 * How alike two texts are, from 0 to 1: twice the words that both have in the same order (the longest
 * common subsequence), over the words of both together. Two texts without words are alike. Of texts
 * that differ in some thousand words each the order of these is not looked at.
 */
export function likeness(one: string, other: string): number {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  if (a.length + b.length === 0) return 1;
  return (2 * commonWords(a, b)) / (a.length + b.length);
}

function commonWords(one: readonly string[], other: readonly string[]): number {
  // What both begin and end with is common in any case; of a draft that is most of it.
  const least = Math.min(one.length, other.length);
  let start = 0;
  while (start < least && one[start] === other[start]) start++;
  let end = 0;
  while (end < least - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  const a = one.slice(start, one.length - end);
  const b = other.slice(start, other.length - end);
  const within = a.length * b.length > MOST_PAIRS ? inAnyOrder(a, b) : inOrder(a, b);
  return start + within + end;
}

function inAnyOrder(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of a) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of b) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  return shared;
}

function inOrder(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1);
  for (const word of a) {
    const now = new Uint32Array(b.length + 1);
    for (const [at, other] of b.entries())
      now[at + 1] = word === other ? before[at]! + 1 : Math.max(before[at + 1]!, now[at]!);
    before = now;
  }
  return before[b.length] ?? 0;
}
