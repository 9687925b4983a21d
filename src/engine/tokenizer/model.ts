/**
 * The BPE model on its own: one piece of normalized text to token ids, with each token's length in
 * UTF-8 bytes. What comes before (special tokens, normalizing, splitting) is the tokenizer's.
 */
import { GlassboxError } from '../../base/errors';
import { utf8Width, writeUtf8 } from './bytes';
import { Joins } from './joins';
import { type MergeRules, mergeSymbols } from './merge';
import type { TokenIndex } from './vocabulary';

export interface ModelParts {
  /** What the merging starts from: the bytes of UTF-8, or the characters. */
  readonly alphabet: 'bytes' | 'characters';
  /** Byte -> id, -1 where the vocabulary has none. For characters: the byte-fallback tokens. */
  readonly byteIds: Int32Array;
  /** Code point -> id, where the alphabet is of characters. */
  readonly characterIds?: ReadonlyMap<number, number> | undefined;
  readonly rules: MergeRules;
  /** Pieces that are tokens as a whole, whatever the rules say. */
  readonly whole?: TokenIndex | undefined;
  /** The id for what the vocabulary cannot spell; undefined makes it an error. */
  readonly unknownId?: number | undefined;
  /** Neighbouring unknown characters make one unknown token. */
  readonly fuseUnknown?: boolean;
}

export class BpeModel {
  /** The tokens of the last piece. Overwritten by the next call. */
  ids = new Int32Array(256);
  /** UTF-8 bytes of each of them. */
  widths = new Int32Array(256);

  readonly #parts: ModelParts;
  /** Code point -> id within the first plane, -1 where there is none. */
  readonly #plane: Int32Array;
  #bytes = new Uint8Array(256);
  /** Undefined until asked for; false where nothing is known. */
  #joins: Joins | false | undefined;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.#plane = new Int32Array(parts.alphabet === 'characters' ? 0x10000 : 0).fill(-1);
    for (const [point, id] of parts.characterIds ?? []) {
      if (point < 0x10000) this.#plane[point] = id;
    }
  }

  get rules(): MergeRules {
    return this.#parts.rules;
  }

  /**
   * Encodes `text[start, end)` into `ids` and `widths`.
   *
   * @returns how many tokens there are
   * @throws GlassboxError `tokenizer-unknown-character`
   */
  encode(text: string, start: number, end: number): number {
    this.#reserve((end - start) * 3);
    const { alphabet, rules, whole } = this.#parts;
    let count: number;
    if (alphabet === 'bytes') {
      const length = writeUtf8(text, start, end, this.#bytes);
      if (whole && this.#takeWhole(whole, length)) return 1;
      count = this.#fromBytes(text, length);
    } else {
      if (whole && this.#takeWhole(whole, writeUtf8(text, start, end, this.#bytes))) return 1;
      count = this.#fromCharacters(text, start, end);
    }
    return mergeSymbols(rules, this.ids, this.widths, count);
  }

  /**
   * Whether, for certain, no token has a part on both sides of `at`, a place between two characters
   * within a piece.
   */
  neverJoins(text: string, at: number): boolean {
    const { rules, whole, fuseUnknown } = this.#parts;
    if (whole) return false;
    this.#joins ??= Joins.of(rules, this.#alphabet()) ?? false;
    if (this.#joins === false) return false;
    const high = at > 1 && text.codePointAt(at - 2)! > 0xffff ? 2 : 1;
    const before = this.#symbolsOf(text.codePointAt(at - high)!).at(-1);
    const after = this.#symbolsOf(text.codePointAt(at)!)[0];
    if (before === undefined || after === undefined) return false;
    const { unknownId } = this.#parts;
    if (fuseUnknown === true && before === unknownId && after === unknownId) return false;
    return !this.#joins.has(before, after);
  }

  *#alphabet(): Generator<number> {
    for (const id of this.#parts.byteIds) if (id >= 0) yield id;
    yield* this.#parts.characterIds?.values() ?? [];
  }

  /** What a character is before any merge; empty where that is an error. */
  #symbolsOf(point: number): number[] {
    const { alphabet, byteIds, characterIds, unknownId } = this.#parts;
    const scalar = point >= 0xd800 && point < 0xe000 ? 0xfffd : point;
    const id = alphabet === 'characters' ? characterIds?.get(scalar) : undefined;
    if (id !== undefined) return [id];
    const bytes = [...Buffer.from(String.fromCodePoint(scalar))].map((byte) => byteIds[byte]!);
    if (alphabet === 'characters' && bytes.includes(-1)) {
      return unknownId === undefined ? [] : [unknownId];
    }
    const symbols = bytes.map((byte) => (byte < 0 ? unknownId : byte));
    return symbols.filter((symbol) => symbol !== undefined);
  }

  #takeWhole(whole: TokenIndex, length: number): boolean {
    const id = whole.find(this.#bytes, 0, length);
    if (id < 0) return false;
    this.ids[0] = id;
    this.widths[0] = length;
    return true;
  }

  #fromBytes(text: string, length: number): number {
    const { byteIds } = this.#parts;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const id = byteIds[this.#bytes[i]!]!;
      if (id >= 0) {
        this.ids[count] = id;
        this.widths[count++] = 1;
      } else {
        const byte = this.#bytes[i]!.toString(16).toUpperCase().padStart(2, '0');
        count = this.#unknown(count, 1, `the byte <0x${byte}> of ${excerpt(text)}`);
      }
    }
    return count;
  }

  #fromCharacters(text: string, start: number, end: number): number {
    const { byteIds, characterIds } = this.#parts;
    let count = 0;
    for (let i = start; i < end; i++) {
      let point = text.charCodeAt(i);
      let id = this.#plane[point]!;
      if (point >= 0xd800 && point < 0xe000) {
        point = text.codePointAt(i)!;
        if (point > 0xffff && i + 1 < end) i++;
        else point = 0xfffd;
        id = characterIds?.get(point) ?? -1;
      }
      const width = utf8Width(point);
      if (id >= 0) {
        this.ids[count] = id;
        this.widths[count++] = width;
        continue;
      }
      const length = writeUtf8(String.fromCodePoint(point), 0, width > 3 ? 2 : 1, this.#bytes);
      let spelled = true;
      for (let b = 0; b < length; b++) spelled &&= byteIds[this.#bytes[b]!]! >= 0;
      if (!spelled) {
        count = this.#unknown(count, width, characterName(point));
        continue;
      }
      for (let b = 0; b < length; b++) {
        this.ids[count] = byteIds[this.#bytes[b]!]!;
        this.widths[count++] = 1;
      }
    }
    return count;
  }

  #unknown(count: number, width: number, what: string): number {
    const { unknownId, fuseUnknown } = this.#parts;
    if (unknownId === undefined) {
      throw new GlassboxError(
        'tokenizer-unknown-character',
        `The tokenizer's vocabulary has no token for ${what}.`,
        {
          remedy:
            'Take such characters out of the text, or train a tokenizer on text that has them; a byte or byte-level BPE tokenizer can spell any text.',
        },
      );
    }
    if (fuseUnknown === true && count > 0 && this.ids[count - 1] === unknownId) {
      this.widths[count - 1]! += width;
      return count;
    }
    this.ids[count] = unknownId;
    this.widths[count] = width;
    return count + 1;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(length * 2);
    this.ids = new Int32Array(length * 2);
    this.widths = new Int32Array(length * 2);
  }
}

function characterName(point: number): string {
  const code = point.toString(16).toUpperCase().padStart(4, '0');
  return `the character ${JSON.stringify(String.fromCodePoint(point))} (U+${code})`;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
