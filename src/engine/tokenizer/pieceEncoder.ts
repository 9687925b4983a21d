/**
 * Normalized text to ids, without a word of where they stand: the pieces of the split, each through
 * the model. Pieces that were seen lately come from a bounded cache.
 */
import type { BpeModel } from './model';
import { PieceTable } from './pieceTable';
import type { PieceSplit } from './sureCuts';

const CACHED_PIECES = 1 << 16;
const LONGEST_CACHED = 64;

export class PieceEncoder {
  readonly #model: BpeModel;
  readonly #split: PieceSplit;
  readonly #pieces = new PieceTable();
  /** Piece -> where its ids start; one more entry says where they end. */
  readonly #cacheStarts = new Int32Array(CACHED_PIECES + 1);
  #cachedIds = new Int32Array(1 << 12);

  constructor(model: BpeModel, split: PieceSplit) {
    this.#model = model;
    this.#split = split;
  }

  /** Appends to `ids`. Throws as `Tokenizer.encode` does. */
  encode(text: string, ids: number[]): void {
    let start = 0;
    for (const end of this.#split.split(text)) {
      if (end - start > LONGEST_CACHED) this.#encodeUncached(text, start, end, ids);
      else this.#encodeCached(text, start, end, ids);
      start = end;
    }
  }

  #encodeUncached(text: string, start: number, end: number, ids: number[]): void {
    const model = this.#model;
    const count = model.encode(text, start, end);
    for (let i = 0; i < count; i++) ids.push(model.ids[i]!);
  }

  #encodeCached(text: string, start: number, end: number, ids: number[]): void {
    const known = this.#pieces.size;
    const piece = this.#pieces.intern(text, start, end);
    if (piece === known) this.#fill(piece, text, start, end);
    const to = this.#cacheStarts[piece + 1]!;
    for (let i = this.#cacheStarts[piece]!; i < to; i++) ids.push(this.#cachedIds[i]!);
    if (this.#pieces.size === CACHED_PIECES) this.#pieces.clear();
  }

  #fill(piece: number, text: string, start: number, end: number): void {
    const model = this.#model;
    let count: number;
    try {
      count = model.encode(text, start, end);
    } catch (error) {
      // The piece is in the table without its ids.
      this.#pieces.clear();
      throw error;
    }
    const at = this.#cacheStarts[piece]!;
    if (at + count > this.#cachedIds.length) {
      const larger = new Int32Array((at + count) * 2);
      larger.set(this.#cachedIds);
      this.#cachedIds = larger;
    }
    for (let i = 0; i < count; i++) this.#cachedIds[at + i] = model.ids[i]!;
    this.#cacheStarts[piece + 1] = at + count;
  }
}
