/**
 * Byte-pair merging: of all neighbours that have a rule, the pair whose rule came first is merged,
 * the leftmost one where several are equal, until none is left (Sennrich et al., 2016).
 *
 * Short pieces are searched from end to end for every merge; long ones go through a heap, so that a
 * megabyte without a blank costs n log n.
 */
import { PairTable } from './pairTable';

/** Which pairs merge, in which order, into what. */
export class MergeRules {
  readonly #pairs: PairTable;
  #ranks: Int32Array;
  #results: Int32Array;

  /** @param expected about how many rules will come */
  constructor(expected: number) {
    this.#pairs = new PairTable(expected);
    this.#ranks = new Int32Array(Math.max(expected, 16));
    this.#results = new Int32Array(Math.max(expected, 16));
  }

  get size(): number {
    return this.#pairs.size;
  }

  /** Adds a rule; where the pair has one already, the later one holds, as in Hugging Face's reader. */
  add(left: number, right: number, rank: number, result: number): void {
    const index = this.#pairs.intern(left, right);
    if (index >= this.#ranks.length) {
      const [ranks, results] = [this.#ranks, this.#results];
      this.#ranks = new Int32Array(index * 2);
      this.#ranks.set(ranks);
      this.#results = new Int32Array(index * 2);
      this.#results.set(results);
    }
    this.#ranks[index] = rank;
    this.#results[index] = result;
  }

  /** The rule for a pair, or -1. */
  find(left: number, right: number): number {
    return this.#pairs.find(left, right);
  }

  rank(rule: number): number {
    return this.#ranks[rule]!;
  }

  result(rule: number): number {
    return this.#results[rule]!;
  }

  left(rule: number): number {
    return this.#pairs.left(rule);
  }

  right(rule: number): number {
    return this.#pairs.right(rule);
  }
}

const NEVER = 0x7fffffff;
const LONG = 96;

/**
 * Merges the symbols `ids[0, count)` in place and gives how many are left. `widths` holds the UTF-8
 * bytes of each symbol and is added up along the way.
 */
export function mergeSymbols(
  rules: MergeRules,
  ids: Int32Array,
  widths: Int32Array,
  count: number,
): number {
  if (count < 2 || rules.size === 0) return count;
  return count > LONG
    ? mergeLong(rules, ids, widths, count)
    : mergeShort(rules, ids, widths, count);
}

/** Per position: the rule of the pair that starts there. Shared: nothing here is re-entrant. */
const shortRules = new Int32Array(LONG + 1);
const shortRanks = new Int32Array(LONG + 1);

function mergeShort(rules: MergeRules, ids: Int32Array, widths: Int32Array, count: number): number {
  let left = count;
  const look = (at: number): void => {
    const rule = at + 1 < left ? rules.find(ids[at]!, ids[at + 1]!) : -1;
    shortRules[at] = rule;
    shortRanks[at] = rule < 0 ? NEVER : rules.rank(rule);
  };
  for (let i = 0; i < left; i++) look(i);
  for (;;) {
    let best = NEVER;
    let at = 0;
    for (let i = 0; i < left - 1; i++) {
      if (shortRanks[i]! < best) {
        best = shortRanks[i]!;
        at = i;
      }
    }
    if (best === NEVER) return left;
    ids[at] = rules.result(shortRules[at]!);
    widths[at]! += widths[at + 1]!;
    left--;
    for (let i = at + 1; i < left; i++) {
      ids[i] = ids[i + 1]!;
      widths[i] = widths[i + 1]!;
      shortRules[i] = shortRules[i + 1]!;
      shortRanks[i] = shortRanks[i + 1]!;
    }
    look(at);
    if (at > 0) look(at - 1);
  }
}

function mergeLong(rules: MergeRules, ids: Int32Array, widths: Int32Array, count: number): number {
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
  }
  const heap = new RankHeap(count);
  const offer = (at: number): void => {
    if (at < 0 || next[at]! >= count) return;
    const rule = rules.find(ids[at]!, ids[next[at]!]!);
    if (rule >= 0) heap.push(rules.rank(rule), at);
  };
  for (let i = 0; i < count; i++) offer(i);

  while (heap.pop()) {
    const at = heap.position;
    // An entry may be out of date: its symbol was swallowed (-1), or has another neighbour by now.
    if (ids[at]! < 0 || next[at]! >= count) continue;
    const neighbour = next[at]!;
    const rule = rules.find(ids[at]!, ids[neighbour]!);
    if (rule < 0 || rules.rank(rule) !== heap.rank) continue;

    ids[at] = rules.result(rule);
    widths[at]! += widths[neighbour]!;
    ids[neighbour] = -1;
    const after = next[neighbour]!;
    next[at] = after;
    if (after < count) previous[after] = at;
    offer(at);
    offer(previous[at]!);
  }

  let left = 0;
  for (let i = 0; i < count; i = next[i]!) {
    ids[left] = ids[i]!;
    widths[left++] = widths[i]!;
  }
  return left;
}

/** A binary heap of (rank, position), the lowest rank first, then the lowest position. */
class RankHeap {
  #ranks: Int32Array;
  #positions: Int32Array;
  #size = 0;
  /** What the last `pop` took out. */
  rank = 0;
  position = 0;

  constructor(capacity: number) {
    this.#ranks = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
  }

  push(rank: number, position: number): void {
    if (this.#size === this.#ranks.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(rank, position, parent)) break;
      this.#ranks[at] = this.#ranks[parent]!;
      this.#positions[at] = this.#positions[parent]!;
      at = parent;
    }
    this.#ranks[at] = rank;
    this.#positions[at] = position;
  }

  /** Takes the first entry out, into `rank` and `position`; false where there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    this.rank = this.#ranks[0]!;
    this.position = this.#positions[0]!;
    const rank = this.#ranks[--this.#size]!;
    const position = this.#positions[this.#size]!;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      if (
        child + 1 < this.#size &&
        this.#before(this.#ranks[child + 1]!, this.#positions[child + 1]!, child)
      ) {
        child++;
      }
      if (!this.#before(this.#ranks[child]!, this.#positions[child]!, -1, rank, position)) break;
      this.#ranks[at] = this.#ranks[child]!;
      this.#positions[at] = this.#positions[child]!;
      at = child;
    }
    this.#ranks[at] = rank;
    this.#positions[at] = position;
    return true;
  }

  #before(
    rank: number,
    position: number,
    entry: number,
    otherRank = this.#ranks[entry]!,
    otherPosition = this.#positions[entry]!,
  ): boolean {
    return rank < otherRank || (rank === otherRank && position < otherPosition);
  }

  #grow(): void {
    const [ranks, positions] = [this.#ranks, this.#positions];
    this.#ranks = new Int32Array(ranks.length * 2);
    this.#ranks.set(ranks);
    this.#positions = new Int32Array(positions.length * 2);
    this.#positions.set(positions);
  }
}
