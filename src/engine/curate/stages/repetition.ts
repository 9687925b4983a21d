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

/** Multiplier of the rolling hash. */
const BASE = 0x01000193;

/** The first powers of a base, in 32 bits. */
function powersOf(base: number, count: number): Int32Array {
  const powers = new Int32Array(count).fill(1);
  for (let i = 1; i < count; i++) powers[i] = Math.imul(powers[i - 1]!, base);
  return powers;
}

/** Two tables give every power up to that of the longest text there can be: a high half times a low one. */
const LOW_BITS = 16;
const lowPowers = powersOf(BASE, 1 << LOW_BITS);
const highPowers = powersOf(Math.imul(lowPowers.at(-1)!, BASE), 1 << (31 - LOW_BITS));

const power = (exponent: number): number =>
  Math.imul(lowPowers[exponent & ((1 << LOW_BITS) - 1)]!, highPowers[exponent >>> LOW_BITS]!);

/**
 * All stretches of a few words in a text, as their characters are when the words are put together. Told
 * apart by a hash that is known for any stretch at once (Karp and Rabin, 1987), and then by the characters
 * themselves, so nothing is left to chance.
 */
export class Stretches {
  readonly #codes: Uint16Array;
  /** Of each word, and of what follows the last one: where it begins; and how many characters end before. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #startHashes: Int32Array;
  readonly #endHashes: Int32Array;
  /** Low surrogates before each word's begin and end: they are no characters of their own. */
  readonly #startHalves: Int32Array;
  readonly #endHalves: Int32Array;
  readonly #count: number;

  /** @param between what stands between two words that are put together */
  constructor(words: readonly string[], between: '' | ' ') {
    const count = words.length;
    let length = 0;
    for (const word of words) length += word.length + between.length;
    const codes = new Uint16Array(length);
    const of = (): Int32Array => new Int32Array(count);
    const [starts, ends, startHashes, endHashes, startHalves, endHalves] = [
      of(),
      of(),
      of(),
      of(),
      of(),
      of(),
    ];
    let at = 0;
    let hash = 0;
    let halves = 0;
    for (let i = 0; i < count; i++) {
      const word = words[i]!;
      starts[i] = at;
      startHashes[i] = hash;
      startHalves[i] = halves;
      for (let k = 0; k < word.length; k++) {
        const code = word.charCodeAt(k);
        codes[at++] = code;
        hash = (Math.imul(hash, BASE) + code) | 0;
        if ((code & 0xfc00) === 0xdc00) halves++;
      }
      ends[i] = at;
      endHashes[i] = hash;
      endHalves[i] = halves;
      if (between === '') continue;
      codes[at++] = 0x20;
      hash = (Math.imul(hash, BASE) + 0x20) | 0;
    }
    this.#codes = codes;
    this.#starts = starts;
    this.#ends = ends;
    this.#startHashes = startHashes;
    this.#endHashes = endHashes;
    this.#startHalves = startHalves;
    this.#endHalves = endHalves;
    this.#count = count;
  }

  #hash(i: number, n: number): number {
    const last = i + n - 1;
    const before = Math.imul(this.#startHashes[i]!, power(this.#ends[last]! - this.#starts[i]!));
    const hash = (this.#endHashes[last]! - before) | 0;
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  }

  #areSame(i: number, j: number, n: number): boolean {
    const [from, other] = [this.#starts[i]!, this.#starts[j]!];
    const length = this.#ends[i + n - 1]! - from;
    if (this.#ends[j + n - 1]! - other !== length) return false;
    for (let k = 0; k < length; k++)
      if (this.#codes[from + k] !== this.#codes[other + k]) return false;
    return true;
  }

  /** Characters, not UTF-16 code units. */
  #lengthOf(i: number, n: number): number {
    const last = i + n - 1;
    const units = this.#ends[last]! - this.#starts[i]!;
    return units - (this.#endHalves[last]! - this.#startHalves[i]!);
  }

  /** A place for every stretch, at most half of them taken: 0, or one more than the first word's number. */
  #table(n: number): Int32Array {
    let size = 16;
    while (size < 2 * (this.#count - n + 1)) size *= 2;
    return new Int32Array(size);
  }

  /** Where in the table the stretch stands, or could stand. */
  #find(table: Int32Array, i: number, n: number): number {
    const mask = table.length - 1;
    let place = this.#hash(i, n) & mask;
    for (let found = table[place]!; found !== 0; found = table[place]!) {
      if (this.#areSame(found - 1, i, n)) break;
      place = (place + 1) & mask;
    }
    return place;
  }

  /** Characters in all occurrences of the most frequent `n` words in a row; the first of equals. */
  top(n: number): number {
    const table = this.#table(n);
    const counts = new Int32Array(this.#count);
    for (let i = 0; i + n <= this.#count; i++) {
      const place = this.#find(table, i, n);
      if (table[place] === 0) table[place] = i + 1;
      counts[table[place]! - 1]!++;
    }
    let best = -1;
    let most = 0;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! <= most) continue;
      most = counts[i]!;
      best = i;
    }
    return best < 0 ? 0 : this.#lengthOf(best, n) * most;
  }

  /** Characters in `n` words in a row that occurred before, each counted once. */
  repeated(n: number): number {
    const table = this.#table(n);
    let characters = 0;
    for (let i = 0; i + n <= this.#count;) {
      const place = this.#find(table, i, n);
      if (table[place] === 0) {
        table[place] = i + 1;
        i++;
      } else {
        characters += this.#lengthOf(i, n);
        i += n;
      }
    }
    return characters;
  }
}
