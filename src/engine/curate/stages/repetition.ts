/** Copies among the parts of a text: what Gopher's and FineWeb's rules on repetition count. */
import { lengthOf } from './words';

/** How many elements repeat an earlier one, and how many characters those have. */
export function duplicates(elements: readonly string[]): { count: number; characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const element of elements) {
    if (seen.has(element)) {
      count++;
      characters += lengthOf(element);
    } else {
      seen.add(element);
    }
  }
  return { count, characters };
}

/** Characters in all occurrences of the most frequent `n` words in a row; the first of equals. */
export function topGram(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  let best = '';
  let most = 0;
  for (const [gram, count] of counts) {
    if (count <= most) continue;
    most = count;
    best = gram;
  }
  return lengthOf(best) * most;
}

/** Characters in `n` words in a row that occurred before, each counted once. */
export function duplicateGrams(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  let characters = 0;
  for (let i = 0; i + n <= words.length;) {
    const gram = words.slice(i, i + n).join('');
    if (seen.has(gram)) {
      characters += lengthOf(gram);
      i += n;
    } else {
      seen.add(gram);
      i++;
    }
  }
  return characters;
}
