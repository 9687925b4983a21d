/**
 * A hash table from pieces of text to small numbers 0, 1, 2, ... in order of arrival. It takes a
 * piece as a range of a longer text, so looking one up makes no string. The encoder keeps its cache
 * with it, the trainer counts words with it.
 */
export class PieceTable {
  /** Slot -> piece + 1; 0 where the slot is free. */
  #slots = new Int32Array(1 << 12);
  #hashes = new Int32Array(1 << 11);
  /** Piece -> where its code units start; one more entry says where they end. */
  #starts = new Int32Array((1 << 11) + 1);
  #units = new Uint16Array(1 << 14);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the piece `text[start, end)`; a new one is the old `size`. */
  intern(text: string, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;

    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const piece = this.#slots[slot]! - 1;
      if (piece < 0) break;
      if (this.#hashes[piece] === hash && this.#equals(piece, text, start, end)) return piece;
      slot = (slot + 1) & mask;
    }
    return this.#add(slot, hash, text, start, end);
  }

  /** The code units of a piece. */
  units(piece: number): Uint16Array {
    return this.#units.subarray(this.#starts[piece], this.#starts[piece + 1]);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #equals(piece: number, text: string, start: number, end: number): boolean {
    let at = this.#starts[piece]!;
    if (this.#starts[piece + 1]! - at !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (this.#units[at++] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  #add(slot: number, hash: number, text: string, start: number, end: number): number {
    const piece = this.#size++;
    if (piece === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, new Int32Array(piece * 2));
      this.#starts = grown(this.#starts, new Int32Array(piece * 2 + 1));
    }
    let at = this.#starts[piece]!;
    if (at + end - start > this.#units.length) {
      this.#units = grown(this.#units, new Uint16Array((at + end - start) * 2));
    }
    for (let i = start; i < end; i++) this.#units[at++] = text.charCodeAt(i);
    this.#starts[piece + 1] = at;
    this.#hashes[piece] = hash;
    this.#slots[slot] = piece + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return piece;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let piece = 0; piece < this.#size; piece++) {
      let slot = this.#hashes[piece]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = piece + 1;
    }
  }
}

function grown<T extends Int32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
