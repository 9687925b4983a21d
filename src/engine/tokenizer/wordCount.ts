/**
 * Counts the pieces of a text that arrives in chunks. The chunks may be cut anywhere: what may still
 * change with the text to come is held back, so the counts are those of the whole text in one.
 */
import { PieceTable } from './pieceTable';
import type { Splitter } from './splitPattern';

/** Code units that are split at a time, so that a long chunk doesn't hold the thread for long. */
const WINDOW = 1 << 15;

export class WordCounter {
  readonly words = new PieceTable();
  counts = new Float64Array(1 << 11);
  readonly #splitter: Splitter;
  /** Text not counted yet, after `#done` code units that are kept for the expression to look back at. */
  #text = '';
  #done = 0;
  #waiting: string[] = [];
  #waitingLength = 0;
  /** How much text has to wait before a cut is looked for again; doubles where there was none. */
  #patience = WINDOW;

  constructor(splitter: Splitter) {
    this.#splitter = splitter;
  }

  /** Counts a chunk; yields now and then how far it is, for the caller to take a break. */
  *add(chunk: string): Generator<number> {
    for (let at = 0; at < chunk.length; at += WINDOW) {
      const part = chunk.slice(at, at + WINDOW);
      this.#waiting.push(part);
      this.#waitingLength += part.length;
      if (this.#waitingLength >= this.#patience) {
        this.#settle();
        yield at + part.length;
      }
    }
  }

  /** Counts what was held back: no more text follows. */
  finish(): void {
    this.#join();
    this.#count(this.#splitter.split(this.#text, this.#done));
    this.#text = '';
    this.#done = 0;
  }

  #join(): void {
    this.#text += this.#waiting.join('');
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  #settle(): void {
    this.#join();
    const ends = this.#splitter.settled(this.#text, this.#done);
    this.#count(ends);
    const keep = Math.max(0, this.#done - this.#splitter.lookBack);
    this.#text = this.#text.slice(keep);
    this.#done -= keep;
    this.#patience = ends.length > 0 ? WINDOW : this.#text.length + WINDOW;
  }

  #count(ends: readonly number[]): void {
    for (const end of ends) {
      const word = this.words.intern(this.#text, this.#done, end);
      if (word >= this.counts.length) {
        const larger = new Float64Array(word * 2);
        larger.set(this.counts);
        this.counts = larger;
      }
      this.counts[word]!++;
      this.#done = end;
    }
  }
}
