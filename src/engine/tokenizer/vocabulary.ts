/** The bytes that each token id stands for, in one buffer. */
import { GlassboxError } from '../../base/errors';

/** No vocabulary that exists comes near it; a file that says more is wrong or hostile. */
export const LARGEST_ID = 1 << 24;

export class Vocabulary {
  /** The largest id + 1. */
  readonly size: number;
  readonly #data: Uint8Array;
  readonly #starts: Uint32Array;
  /** -1 where the id is missing. */
  readonly #lengths: Int32Array;

  /** @param tokens ids up to LARGEST_ID with their bytes as binary strings; a later one holds */
  constructor(tokens: ReadonlyMap<number, string>) {
    let size = 0;
    let length = 0;
    for (const [id, binary] of tokens) {
      size = Math.max(size, id + 1);
      length += binary.length;
    }
    this.size = size;
    this.#data = new Uint8Array(length);
    this.#starts = new Uint32Array(size);
    this.#lengths = new Int32Array(size).fill(-1);
    let at = 0;
    for (const [id, binary] of tokens) {
      this.#starts[id] = at;
      this.#lengths[id] = binary.length;
      for (let i = 0; i < binary.length; i++) this.#data[at++] = binary.charCodeAt(i);
    }
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.size && this.#lengths[id]! >= 0;
  }

  /** A view of the token's bytes: not to be written to. */
  view(id: number): Uint8Array {
    if (!this.has(id)) {
      throw new GlassboxError('tokenizer-unknown-id', `The tokenizer has no token ${id}.`, {
        remedy: `Ids run from 0 to ${this.size - 1}. Use the tokenizer that the ids were made with.`,
        details: { id, vocabSize: this.size },
      });
    }
    const start = this.#starts[id]!;
    return this.#data.subarray(start, start + this.#lengths[id]!);
  }
}
