/**
 * Search over the texts of a folder: BM25 (Robertson and Zaragoza, 2009, section 3.4; k1 = 1.2,
 * b = 0.75, idf as in Lucene, never negative) over passages of some hundred characters that end
 * where lines do. The best passages are quoted with the file that they are from.
 *
 * The index is in memory and made when the first question comes; texts beyond a bound are left out,
 * and the answer says so.
 *
 * Not covered: word forms, other languages' word borders, an index on the disk.
 */
import { wordsOf } from '../../base/words';

export interface Passage {
  /** Where the text is from, as a person knows it. */
  readonly source: string;
  readonly text: string;
}

export interface Hit extends Passage {
  readonly score: number;
}

const K1 = 1.2;
const B = 0.75;

export class PassageIndex {
  readonly #passages: Passage[] = [];
  readonly #lengths: number[] = [];
  /** Word -> passage, count, passage, count, ... */
  readonly #postings = new Map<string, number[]>();
  #words = 0;

  get size(): number {
    return this.#passages.length;
  }

  add(passage: Passage): void {
    const counts = new Map<string, number>();
    const words = wordsOf(passage.text);
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const [word, count] of counts) {
      const postings = this.#postings.get(word);
      if (postings) postings.push(this.#passages.length, count);
      else this.#postings.set(word, [this.#passages.length, count]);
    }
    this.#passages.push(passage);
    this.#lengths.push(words.length);
    this.#words += words.length;
  }

  /** The best first; of equal ones the one that came first. */
  search(query: string, limit: number): Hit[] {
    const scores = new Map<number, number>();
    const average = this.#words / Math.max(1, this.size);
    for (const word of new Set(wordsOf(query))) {
      const postings = this.#postings.get(word) ?? [];
      const having = postings.length / 2;
      const rarity = Math.log(1 + (this.size - having + 0.5) / (having + 0.5));
      for (let i = 0; i < postings.length; i += 2) {
        const [at, count] = [postings[i]!, postings[i + 1]!];
        const length = 1 - B + (B * this.#lengths[at]!) / average;
        const score = (rarity * count * (K1 + 1)) / (count + K1 * length);
        scores.set(at, (scores.get(at) ?? 0) + score);
      }
    }
    return [...scores]
      .sort(([a, x], [b, y]) => y - x || a - b)
      .slice(0, limit)
      .map(([at, score]) => ({ ...this.#passages[at]!, score }));
  }
}

/** Pieces of about `size` characters, cut at line ends where there are some, else between words. */
export function* passagesOf(text: string, size = 400): Generator<string> {
  let piece = '';
  for (const line of text.split(/(?<=\n)/).flatMap((each) => shorter(each, size))) {
    if (piece !== '' && piece.length + line.length > size) {
      if (piece.trim() !== '') yield piece.trim();
      piece = '';
    }
    piece += line;
  }
  if (piece.trim() !== '') yield piece.trim();
}

function shorter(line: string, size: number): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > size) {
    const blank = rest.lastIndexOf(' ', size);
    const at = blank > 0 ? blank + 1 : size;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...parts, rest];
}
