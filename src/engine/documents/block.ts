/** A stretch of a text between two sure cuts, with its tokens, which depend on nothing outside of it. */
import type { SpecialTokenPolicy, Tokenizer } from '../tokenizer/tokenizer';

/** Where each token of a block stands in it, in UTF-16 code units. */
export interface Places {
  readonly starts: Int32Array;
  /** Never falling. */
  readonly ends: Int32Array;
  /** 1 where a token begins or ends within a character. */
  readonly partial: Uint8Array;
}

/** What a block should be long, and how many places are tried for a cut after that, in code units. */
const LENGTH = 4096;
const TRIES = 2048;
/** How far apart these places are where there was no cut for long. */
const LONGEST_STEP = 1 << 16;

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
    return (this.#ids ??= this.#took(tokenizer.encode(this.text, { continues: this.continues })));
  }

  /** Tokenizes the block, too. */
  places(tokenizer: Tokenizer): Places {
    return (this.#places ??= this.#locate(tokenizer));
  }

  #locate(tokenizer: Tokenizer): Places {
    const { continues } = this;
    const { ids, offsets } = tokenizer.encodeWithOffsets(this.text, { continues });
    this.#ids ??= this.#took(ids);
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

  #took(ids: readonly number[]): Int32Array {
    this.#characters = codePoints(this.text);
    return Int32Array.from(ids);
  }
}

/**
 * A text in blocks.
 *
 * @param continues it goes on from other text, from which a sure cut parts it
 */
export function blocksOf(
  tokenizer: Tokenizer,
  text: string,
  { continues, special }: { readonly continues: boolean; readonly special: SpecialTokenPolicy },
): Block[] {
  const blocks: Block[] = [];
  const last = text.length - tokenizer.cutReach;
  let from = 0;
  let step = LENGTH;
  for (let target = LENGTH; target < last - LENGTH; target += step) {
    const isCut = (at: number): boolean => tokenizer.isCut(text, at, special);
    const cut = firstOf(isCut, target, Math.min(target + TRIES, last));
    if (cut < 0) {
      // There may be none for long.
      step = Math.min(step * 2, LONGEST_STEP);
      continue;
    }
    blocks.push(new Block(text.slice(from, cut), continues || from > 0));
    from = target = cut;
    step = LENGTH;
  }
  if (from < text.length) blocks.push(new Block(text.slice(from), continues || from > 0));
  return blocks;
}

function firstOf(holds: (at: number) => boolean, from: number, to: number): number {
  for (let at = from; at < to; at++) if (holds(at)) return at;
  return -1;
}

/** Unicode code points of a text. */
export function codePoints(text: string): number {
  let points = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && text.codePointAt(i)! > 0xffff) points--;
  }
  return points;
}
