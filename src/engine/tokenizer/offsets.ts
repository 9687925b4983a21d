/**
 * Where tokens stand in the original text. The tokens of a stretch of (normalized) text cover its
 * UTF-8 bytes without a gap; this walks them and the text side by side.
 */
import { utf8Width } from './bytes';
import type { Aligned } from './normalizer';
import type { TokenOffset } from './types';

/** A character of the normalized text: its place in code units and in bytes, both [start, end). */
interface Character {
  unit: number;
  unitEnd: number;
  byte: number;
  byteEnd: number;
}

export class OffsetWalker {
  readonly #aligned: Aligned;
  /** Where the stretch begins in the input. */
  readonly #unitBase: number;
  readonly #byteBase: number;
  /** Code unit of the original stretch -> bytes before it; only where the text was rewritten. */
  readonly #originalBytes: Int32Array | undefined;
  readonly #at: Character = { unit: 0, unitEnd: 0, byte: 0, byteEnd: 0 };
  #byte = 0;

  constructor(aligned: Aligned, original: string, unitBase: number, byteBase: number) {
    this.#aligned = aligned;
    this.#unitBase = unitBase;
    this.#byteBase = byteBase;
    this.#originalBytes = aligned.origin ? byteOffsets(original) : undefined;
    this.#step();
  }

  /** The place of the next token, which is `width` bytes long. */
  next(width: number): TokenOffset {
    const byte = this.#byte;
    const byteEnd = (this.#byte += width);
    while (this.#at.byteEnd <= byte && this.#step());
    const { unit: firstUnit, byte: firstByte } = this.#at;
    while (this.#at.byteEnd < byteEnd && this.#step());
    const { unit: lastUnit, unitEnd, byteEnd: lastByteEnd } = this.#at;
    const cut = byte > firstByte || byteEnd < lastByteEnd;

    const origin = this.#aligned.origin;
    if (!origin) {
      return {
        bytes: [this.#byteBase + byte, this.#byteBase + byteEnd],
        utf16: [this.#unitBase + firstUnit, this.#unitBase + unitEnd],
        partial: cut,
      };
    }
    const start = origin.starts[firstUnit]!;
    const end = origin.ends[unitEnd - 1]!;
    const exactStart = this.#isExact(firstUnit) ? byte - firstByte : 0;
    const exactEnd = this.#isExact(lastUnit) ? lastByteEnd - byteEnd : 0;
    return {
      bytes: [
        this.#byteBase + this.#originalBytes![start]! + exactStart,
        this.#byteBase + this.#originalBytes![end]! - exactEnd,
      ],
      utf16: [this.#unitBase + start, this.#unitBase + end],
      partial: end > start && (cut || this.#sharesOrigin(firstUnit, unitEnd)),
    };
  }

  /** The character was taken over as it was, so its bytes are the original's. */
  #isExact(unit: number): boolean {
    const width = this.#width(unit);
    const { starts, ends } = this.#aligned.origin!;
    const last = width > 3 ? unit + 1 : unit;
    const [start, end] = [starts[unit]!, ends[last]!];
    const originalWidth = this.#originalBytes![end]! - this.#originalBytes![start]!;
    return end - start === last + 1 - unit && originalWidth === width;
  }

  #width(unit: number): number {
    return utf8Width(this.#aligned.text.codePointAt(unit)!);
  }

  /** What the first or last character was made from also made the character beside it. */
  #sharesOrigin(unit: number, unitEnd: number): boolean {
    const { starts, ends } = this.#aligned.origin!;
    const before = unit > 0 && ends[unit - 1]! > starts[unit]! && ends[unit]! > starts[unit]!;
    return before || (unitEnd < starts.length && starts[unitEnd]! < ends[unitEnd - 1]!);
  }

  #step(): boolean {
    const at = this.#at;
    const { text } = this.#aligned;
    if (at.unitEnd >= text.length) return false;
    const point = text.codePointAt(at.unitEnd)!;
    at.unit = at.unitEnd;
    at.byte = at.byteEnd;
    at.unitEnd += point > 0xffff ? 2 : 1;
    at.byteEnd += utf8Width(point);
    return true;
  }
}

/** Code unit -> bytes of UTF-8 before it, with one more entry for the whole. */
function byteOffsets(text: string): Int32Array {
  const offsets = new Int32Array(text.length + 1);
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    offsets[i] = bytes;
    bytes += utf8Width(point);
    if (point > 0xffff) offsets[++i] = bytes;
  }
  offsets[text.length] = bytes;
  return offsets;
}

export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
