/** The bytes that each token id stands for, in one buffer, and the way back from bytes to ids. */
import { GlassboxError } from '../../base/errors';
import { writeUtf8 } from './bytes';

/** No vocabulary that exists comes near it; a file that says more is wrong or hostile. */
export const LARGEST_ID = 1 << 22;

export class Vocabulary {
  #size = 0;
  #data = new Uint8Array(1 << 12);
  #used = 0;
  #starts = new Int32Array(1 << 9);
  /** -1 where the id is missing. */
  #lengths = new Int32Array(1 << 9).fill(-1);

  /** The largest id + 1. */
  get size(): number {
    return this.#size;
  }

  /** The token `id` (below LARGEST_ID) stands for the UTF-8 of `text`; what it was before is forgotten. */
  setText(id: number, text: string): void {
    this.#reserve(id, text.length * 3);
    this.#set(id, writeUtf8(text, 0, text.length, this.#data, this.#used));
  }

  setBytes(id: number, bytes: ArrayLike<number>): void {
    this.#reserve(id, bytes.length);
    this.#data.set(bytes, this.#used);
    this.#set(id, bytes.length);
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.#size && this.#lengths[id]! >= 0;
  }

  *ids(): Generator<number> {
    for (let id = 0; id < this.#size; id++) if (this.#lengths[id]! >= 0) yield id;
  }

  /** A view of the token's bytes: not to be written to. */
  view(id: number): Uint8Array {
    if (!this.has(id)) {
      throw new GlassboxError('tokenizer-unknown-id', `The tokenizer has no token ${id}.`, {
        remedy: `Ids run from 0 to ${this.#size - 1}. Use the tokenizer that the ids were made with.`,
        details: { id, vocabSize: this.#size },
      });
    }
    const start = this.#starts[id]!;
    return this.#data.subarray(start, start + this.#lengths[id]!);
  }

  /** An index of the tokens of now, without those of `except`. */
  index(except: ReadonlySet<number> = new Set()): TokenIndex {
    const ids = [...this.ids()].filter((id) => !except.has(id));
    return new TokenIndex(ids, this.#data, this.#starts, this.#lengths);
  }

  #set(id: number, length: number): void {
    this.#starts[id] = this.#used;
    this.#lengths[id] = length;
    this.#used += length;
    this.#size = Math.max(this.#size, id + 1);
  }

  #reserve(id: number, length: number): void {
    if (id >= this.#starts.length) {
      const capacity = Math.max(id + 1, this.#starts.length * 2);
      const [starts, lengths] = [this.#starts, this.#lengths];
      this.#starts = new Int32Array(capacity);
      this.#starts.set(starts);
      this.#lengths = new Int32Array(capacity).fill(-1);
      this.#lengths.set(lengths);
    }
    if (this.#used + length > this.#data.length) {
      const data = this.#data;
      this.#data = new Uint8Array((this.#used + length) * 2);
      this.#data.set(data);
    }
  }
}

const BASE = 0x01000193;

/**
 * From bytes to token ids. The hash of a string is a polynomial in its bytes, so that those of all
 * beginnings and of all ends of a token come one from the other.
 */
export class TokenIndex {
  readonly #ids: readonly number[];
  readonly #data: Uint8Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  /** Slot -> id + 1, 0 where the slot is free, and the hash of its token. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;

  constructor(ids: readonly number[], data: Uint8Array, starts: Int32Array, lengths: Int32Array) {
    this.#ids = ids;
    this.#data = data;
    this.#starts = starts;
    this.#lengths = lengths;
    let capacity = 1024;
    while (capacity < ids.length * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    this.#hashes = new Int32Array(capacity);
    for (const id of ids) {
      const hash = hashOf(data, starts[id]!, starts[id]! + lengths[id]!);
      let slot = slotOf(hash, capacity);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (capacity - 1);
      this.#slots[slot] = id + 1;
      this.#hashes[slot] = hash;
    }
  }

  /** The token that is `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#lookUp(hashOf(bytes, start, end), bytes, start, end);
  }

  /** Every way in which a token falls into two tokens. */
  forEachSplit(visit: (left: number, right: number, id: number) => void): void {
    const data = this.#data;
    const tails = new Int32Array(this.#lengths.reduce((most, length) => Math.max(most, length), 0));
    for (const id of this.#ids) {
      const start = this.#starts[id]!;
      const end = start + this.#lengths[id]!;
      let tail = 0;
      let power = 1;
      for (let cut = end - 1; cut > start; cut--) {
        tail = (tail + Math.imul(data[cut]! + 1, power)) | 0;
        power = Math.imul(power, BASE);
        tails[cut - start] = tail;
      }
      let head = 0;
      for (let cut = start + 1; cut < end; cut++) {
        head = (Math.imul(head, BASE) + data[cut - 1]! + 1) | 0;
        const left = this.#lookUp(head, data, start, cut);
        if (left < 0) continue;
        const right = this.#lookUp(tails[cut - start]!, data, cut, end);
        if (right >= 0) visit(left, right, id);
      }
    }
  }

  #lookUp(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const capacity = this.#slots.length;
    for (let slot = slotOf(hash, capacity); ; slot = (slot + 1) & (capacity - 1)) {
      const id = this.#slots[slot]! - 1;
      if (id < 0) return -1;
      if (this.#hashes[slot] === hash && this.#equals(id, bytes, start, end)) return id;
    }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lengths[id] !== end - start) return false;
    let at = this.#starts[id]!;
    for (let i = start; i < end; i++) if (bytes[i] !== this.#data[at++]) return false;
    return true;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, BASE) + bytes[i]! + 1) | 0;
  return hash;
}

function slotOf(hash: number, capacity: number): number {
  return (hash ^ (hash >>> 15) ^ (hash >>> 7)) & (capacity - 1);
}
