/**
 * Learns merges: over and over the pair that is most frequent in the counted words becomes a token.
 *
 * The list of merges equals that of Hugging Face's `BpeTrainer` on the same words: of equally
 * frequent pairs the one with the lowest ids, left before right, goes first. Counts are kept up to
 * date by looking only at the words that a merge touches, and a pair's place in the queue is put
 * right when it comes up (as BpeTrainer does, and for the same result in the rare case that two
 * different pairs make the same token). Differs in one case: a pair that would spell a special token
 * is never merged, so that plain text never becomes one.
 */
import { PairTable } from './pairTable';

export interface LearnedMerge {
  readonly left: number;
  readonly right: number;
  readonly result: number;
}

/** A pair of tokens and how often it occurs. */
export type RankedPair = Pick<Candidate, 'left' | 'right' | 'count'>;

interface Candidate {
  readonly pair: number;
  readonly left: number;
  readonly right: number;
  count: number;
  /** The words that may hold the pair, each once. */
  readonly words: number[];
}

export class MergeLearner {
  /** Id -> bytes as a binary string. */
  readonly tokens: string[];
  readonly merges: LearnedMerge[] = [];
  readonly #ids: Map<string, number>;
  /** What no merge may spell. */
  readonly #reserved: ReadonlySet<string>;

  /** The symbols of all words, one after the other; word -> where they start and how many are left. */
  readonly #symbols: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #counts: Float64Array;

  /** Words whose pairs are counted. */
  #counted = 0;

  readonly #pairs = new PairTable();
  readonly #pairCounts: number[] = [];
  readonly #queue = new CandidateHeap();
  /** Pairs that the current merge made, and the words that they are in. */
  readonly #made: number[] = [];
  readonly #madeIn: (number[] | undefined)[] = [];

  /**
   * @param tokens what there is before the first merge, by id
   * @param specials how many of them, from the first, are special tokens
   * @param symbols the ids of all words, one word after the other
   * @param starts word -> index of its first symbol; one more entry for the end
   * @param counts word -> how often it occurs
   */
  constructor(
    tokens: readonly string[],
    specials: number,
    symbols: Int32Array,
    starts: Int32Array,
    counts: Float64Array,
  ) {
    this.tokens = [...tokens];
    this.#reserved = new Set(tokens.slice(0, specials));
    this.#ids = new Map(tokens.map((token, id) => [token, id]));
    this.#symbols = symbols;
    this.#starts = starts;
    this.#counts = counts;
    this.#lengths = new Int32Array(starts.length - 1);
    for (let word = 0; word < this.#lengths.length; word++) {
      this.#lengths[word] = starts[word + 1]! - starts[word]!;
    }
  }

  /**
   * Counts the pairs of some words more, as must be done for all before the first `step`.
   *
   * @returns whether that is done
   */
  countPairs(words: number): boolean {
    const end = Math.min(this.#counted + words, this.#lengths.length);
    for (; this.#counted < end; this.#counted++) {
      const word = this.#counted;
      const last = this.#starts[word + 1]! - 1;
      for (let i = this.#starts[word]!; i < last; i++) {
        this.#change(this.#symbols[i]!, this.#symbols[i + 1]!, this.#counts[word]!, word);
      }
    }
    if (end < this.#lengths.length) return false;
    this.#enqueueMade();
    return true;
  }

  /** Learns the next merge; false where no pair is left. */
  step(): boolean {
    for (;;) {
      const top = this.#queue.pop();
      if (!top) return false;
      const count = this.#pairCounts[top.pair]!;
      if (count < 1 || this.#reserved.has(this.tokens[top.left]! + this.tokens[top.right]!))
        continue;
      if (count !== top.count) {
        top.count = count;
        this.#queue.push(top);
        continue;
      }
      this.#merge(top);
      return true;
    }
  }

  /** Symbols that all words have together, each as often as it occurs. */
  get symbols(): number {
    return this.#lengths.reduce((sum, length, word) => sum + length * this.#counts[word]!, 0);
  }

  /** The most frequent pairs that were not merged yet, the one that `step` will merge first. */
  commonest(most: number): RankedPair[] {
    // Where a pair overlaps with itself (`aaa`), merging it leaves a count of what is no longer there.
    const merged = new Set(this.merges.map(({ left, right }) => this.#pairs.find(left, right)));
    const best: RankedPair[] = [];
    for (let pair = 0; pair < this.#pairs.size; pair++) {
      const count = this.#pairCounts[pair]!;
      if (count < 1 || count < (best[most - 1]?.count ?? 0) || merged.has(pair)) continue;
      const found = { left: this.#pairs.left(pair), right: this.#pairs.right(pair), count };
      let at = best.length;
      while (at > 0 && before(found, best[at - 1]!)) at--;
      best.splice(at, 0, found);
      best.length = Math.min(best.length, most);
    }
    return best;
  }

  #merge({ left, right, words }: Candidate): void {
    const token = this.tokens[left]! + this.tokens[right]!;
    let result = this.#ids.get(token);
    if (result === undefined) {
      result = this.tokens.length;
      this.tokens.push(token);
      this.#ids.set(token, result);
    }
    this.merges.push({ left, right, result });
    for (const word of words) this.#mergeWord(word, left, right, result);
    this.#enqueueMade();
  }

  #mergeWord(word: number, left: number, right: number, result: number): void {
    const symbols = this.#symbols;
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    const count = this.#counts[word]!;
    let to = start;
    for (let from = start; from < end; from++) {
      const symbol = symbols[from]!;
      if (symbol !== left || from + 1 >= end || symbols[from + 1] !== right) {
        symbols[to++] = symbol;
        continue;
      }
      if (to > start) {
        this.#change(symbols[to - 1]!, left, -count, word);
        this.#change(symbols[to - 1]!, result, count, word);
      }
      if (from + 2 < end) {
        this.#change(right, symbols[from + 2]!, -count, word);
        this.#change(result, symbols[from + 2]!, count, word);
      }
      symbols[to++] = result;
      from++;
    }
    this.#lengths[word] = to - start;
  }

  #change(left: number, right: number, change: number, word: number): void {
    const pair = this.#pairs.intern(left, right);
    this.#pairCounts[pair] = (this.#pairCounts[pair] ?? 0) + change;
    if (change < 0) return;
    const words = this.#madeIn[pair];
    if (words === undefined) {
      this.#made.push(pair);
      this.#madeIn[pair] = [word];
    } else if (words[words.length - 1] !== word) {
      words.push(word);
    }
  }

  #enqueueMade(): void {
    for (const pair of this.#made) {
      const count = this.#pairCounts[pair]!;
      const words = this.#madeIn[pair]!;
      this.#madeIn[pair] = undefined;
      if (count > 0) {
        const [left, right] = [this.#pairs.left(pair), this.#pairs.right(pair)];
        this.#queue.push({ pair, left, right, count, words });
      }
    }
    this.#made.length = 0;
  }
}

/** The most frequent candidate first; of equally frequent ones the lowest pair of ids. */
class CandidateHeap {
  readonly #entries: Candidate[] = [];

  push(candidate: Candidate): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(candidate);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(candidate, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = candidate;
  }

  pop(): Candidate | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (top === undefined || last === undefined || entries.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
    return top;
  }
}

function before(a: RankedPair, b: RankedPair): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}
