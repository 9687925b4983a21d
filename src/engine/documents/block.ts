/** A stretch of a text between two sure cuts, with its tokens, which depend on nothing outside of it. */
import type { Tokenizer } from '../tokenizer/tokenizer';

/** Where each token of a block stands in it, in UTF-16 code units. */
export interface Places {
  readonly starts: Int32Array;
  /** Never falling. */
  readonly ends: Int32Array;
  /** 1 where a token begins or ends within a character. */
  readonly partial: Uint8Array;
}

export class Block {
  readonly text: string;
  /** It isn't the text's first. */
  readonly continues: boolean;
  #ids: Int32Array | undefined;
  #places: Places | undefined;
  #characters = 0;

  constructor(text: string, continues: boolean) {
    this.text = text;
    this.continues = continues;
  }

  /** Undefined until the block has been tokenized. */
  get ids(): Int32Array | undefined {
    return this.#ids;
  }

  /** Unicode code points, of a block that has been tokenized. */
  get characters(): number {
    return this.#characters;
  }

  tokenize(tokenizer: Tokenizer): Int32Array {
    if (this.#ids === undefined) {
      this.#ids = Int32Array.from(tokenizer.encode(this.text, { continues: this.continues }));
      this.#characters = codePoints(this.text);
    }
    return this.#ids;
  }

  places(tokenizer: Tokenizer): Places {
    return (this.#places ??= this.#locate(tokenizer));
  }

  #locate(tokenizer: Tokenizer): Places {
    const { offsets } = tokenizer.encodeWithOffsets(this.text, { continues: this.continues });
    const starts = new Int32Array(offsets.length);
    const ends = new Int32Array(offsets.length);
    const partial = new Uint8Array(offsets.length);
    let last = 0;
    offsets.forEach(({ utf16: [start, end], partial: cut }, index) => {
      starts[index] = start;
      ends[index] = last = Math.max(last, end);
      partial[index] = cut ? 1 : 0;
    });
    return { starts, ends, partial };
  }
}

export function codePoints(text: string): number {
  let points = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && text.codePointAt(i)! > 0xffff) points--;
  }
  return points;
}
