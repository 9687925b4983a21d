/**
 * What the pre-split patterns ask of a code point, as bits, looked up in tables of 256 code points
 * that are filled when first needed. The classes are those of the running JavaScript engine's
 * Unicode version; tokenizers that were built with another version can differ on code points that
 * were assigned in between.
 */

/** May be in the leading part of an o200k word: Lu, Lt, Lm, Lo, M. */
export const LEADING = 1;
/** May be in the trailing part of an o200k word: Ll, Lm, Lo, M. */
export const TRAILING = 2;
/** \p{L} */
export const LETTER = 4;
/** \p{N} */
export const NUMBER = 8;
/** Unicode's White_Space: what \s means in Rust's and in Oniguruma's expressions, not in JavaScript's. */
export const SPACE = 16;
/** Carriage return or line feed; these are SPACE too. */
export const NEWLINE = 32;

/** What `[^\s\p{L}\p{N}]` leaves out. */
export const NOT_SYMBOL = LETTER | NUMBER | SPACE;

const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]/gu, LEADING],
  [/[\p{Ll}\p{Lm}\p{Lo}\p{M}]/gu, TRAILING],
  [/\p{L}/gu, LETTER],
  [/\p{N}/gu, NUMBER],
  [/\p{White_Space}/gu, SPACE],
  [/[\r\n]/gu, NEWLINE],
];

const pages: (Uint8Array | undefined)[] = new Array<undefined>(0x1100).fill(undefined);

const ASCII = asciiClasses();

/** The classes of the ASCII characters, a copy, for loops that look at code units. */
export function asciiClasses(): Uint8Array {
  return buildPage(0).slice(0, 128);
}

/** The class bits of a code point. */
export function classOf(point: number): number {
  const page = pages[point >> 8] ?? buildPage(point >> 8);
  return page[point & 255]!;
}

/** The class bits of the character at `index` of `text`. */
export function classAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit < 128 ? ASCII[unit]! : classOf(text.codePointAt(index)!);
}

/** Code units that the character at `index` takes. */
export function widthAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit < 0xd800 || unit > 0xdbff ? 1 : text.codePointAt(index)! > 0xffff ? 2 : 1;
}

function buildPage(index: number): Uint8Array {
  const first = index << 8;
  const characters = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(first + i)).join(
    '',
  );
  const page = new Uint8Array(256);
  for (const [regex, bit] of CLASSES) {
    for (const [character] of characters.matchAll(regex)) {
      page[character.codePointAt(0)! - first]! |= bit;
    }
  }
  pages[index] = page;
  return page;
}
