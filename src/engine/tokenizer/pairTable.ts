/** A hash table from a pair of token ids to a number 0, 1, 2, ... in order of arrival. */
export class PairTable {
  #slots: Int32Array;
  #lefts: Int32Array;
  #rights: Int32Array;
  #size = 0;

  /** @param expected how many pairs to make room for at first */
  constructor(expected = 1024) {
    let capacity = 1024;
    while (capacity < expected) capacity *= 2;
    this.#lefts = new Int32Array(capacity);
    this.#rights = new Int32Array(capacity);
    this.#slots = new Int32Array(capacity * 2);
  }

  get size(): number {
    return this.#size;
  }

  left(index: number): number {
    return this.#lefts[index]!;
  }

  right(index: number): number {
    return this.#rights[index]!;
  }

  /** The number of a pair, or -1. */
  find(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashPair(left, right) & mask;
    for (;;) {
      const index = this.#slots[slot]! - 1;
      if (index < 0 || (this.#lefts[index] === left && this.#rights[index] === right)) return index;
      slot = (slot + 1) & mask;
    }
  }

  /** The number of a pair; a new one is the old `size`. */
  intern(left: number, right: number): number {
    const found = this.find(left, right);
    if (found >= 0) return found;
    const index = this.#size++;
    if (index === this.#lefts.length) this.#grow();
    this.#lefts[index] = left;
    this.#rights[index] = right;
    this.#place(index);
    return index;
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashPair(this.#lefts[index]!, this.#rights[index]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }

  #grow(): void {
    const capacity = this.#lefts.length * 2;
    const [lefts, rights] = [this.#lefts, this.#rights];
    this.#lefts = new Int32Array(capacity);
    this.#rights = new Int32Array(capacity);
    this.#lefts.set(lefts);
    this.#rights.set(rights);
    this.#slots = new Int32Array(capacity * 2);
    for (let index = 0; index < lefts.length; index++) this.#place(index);
  }
}

function hashPair(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 0x7f4a7c15, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
