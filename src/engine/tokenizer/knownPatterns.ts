/**
 * The pre-split patterns that most byte-level tokenizers use, written as scanners by hand: several
 * times the speed of the regular expressions, which stand beside them and against which the tests
 * hold them. A scanner takes a text and the start of a piece and gives the piece's end.
 */
import {
  LEADING,
  LETTER,
  NEWLINE,
  NOT_SYMBOL,
  NUMBER,
  SPACE,
  TRAILING,
  asciiClasses,
  classAt,
  classOf,
  widthAt,
} from './charClass';

export type Scanner = (text: string, start: number) => number;

const ASCII = asciiClasses();
const APOSTROPHE = 0x27;
const BLANK = 0x20;
const SLASH = 0x2f;

/** GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`. */
export function gpt2Piece(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  if (unit === APOSTROPHE) {
    const end = contractionEnd(text, start, false);
    if (end > 0) return end;
  }
  const from = unit === BLANK && start + 1 < text.length ? start + 1 : start;
  const bits = classAt(text, from);
  if (bits & LETTER) return runEnd(text, from, LETTER);
  if (bits & NUMBER) return runEnd(text, from, NUMBER);
  if (!(bits & SPACE)) return symbolsEnd(text, from);
  return blanksEnd(text, start, runEnd(text, start, SPACE));
}

/**
 * The cl100k family: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}|
 * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
 *
 * @param digits D: how many digits go into one piece (cl100k and Llama 3: 3, Qwen: 1)
 * @param trailing `\s++$` stands before `\s*[\r\n]+` (tiktoken's cl100k_base since 0.7): white space
 *   that ends the text stays whole
 */
export function cl100kScanner(digits: number, trailing: boolean): Scanner {
  return (text, start) => {
    const unit = text.charCodeAt(start);
    const bits = unit < 128 ? ASCII[unit]! : classOf(text.codePointAt(start)!);
    if (bits & LETTER) return runEnd(text, start, LETTER);
    if (bits & NUMBER) return numbersEnd(text, start, digits);
    if (unit === APOSTROPHE) {
      const end = contractionEnd(text, start, true);
      if (end > 0) return end;
    }
    const next = start + (unit < 128 ? 1 : widthAt(text, start));
    const nextBits = next < text.length ? classAt(text, next) : SPACE;
    if (nextBits & LETTER && !(bits & NEWLINE)) return runEnd(text, next, LETTER);
    if (!(bits & SPACE)) return newlinesEnd(text, symbolsEnd(text, start), 0);
    if (unit === BLANK && !(nextBits & NOT_SYMBOL))
      return newlinesEnd(text, symbolsEnd(text, next), 0);
    return whiteSpaceEnd(text, start, trailing);
  };
}

/**
 * o200k: a word is an optional non-letter, leading letters (upper case, caseless, marks), trailing
 * letters (lower case, caseless, marks) and an optional contraction; `HTTPServer` falls apart into
 * `HTTPServer`'s cases. The expression is `O200K_EXPRESSION` in splitPattern.ts.
 */
export function o200kPiece(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  const bits = unit < 128 ? ASCII[unit]! : classOf(text.codePointAt(start)!);
  const next = start + (unit < 128 ? 1 : widthAt(text, start));
  const mayLead = !(bits & (LETTER | NUMBER | NEWLINE));
  const isWord = (bits & (LEADING | TRAILING)) !== 0;

  let end = -1;
  if (mayLead && next < text.length) end = wordEnd(text, next);
  if (end < 0 && isWord) end = wordEnd(text, start);
  if (end < 0 && mayLead && next < text.length) end = leadingEnd(text, next);
  if (end < 0 && isWord) end = leadingEnd(text, start);
  if (end >= 0) {
    const contracted =
      end < text.length && text.charCodeAt(end) === APOSTROPHE
        ? contractionEnd(text, end, true)
        : 0;
    return contracted > 0 ? contracted : end;
  }

  if (bits & NUMBER) return numbersEnd(text, start, 3);
  if (!(bits & SPACE)) return newlinesEnd(text, symbolsEnd(text, start), SLASH);
  if (unit === BLANK && next < text.length && !(classAt(text, next) & NOT_SYMBOL))
    return newlinesEnd(text, symbolsEnd(text, next), SLASH);
  return whiteSpaceEnd(text, start, false);
}

/** `[leading]*[trailing]+` from `start`, with the backtracking that this needs; -1 where it fails. */
function wordEnd(text: string, start: number): number {
  let i = start;
  // The leading run gives back everything after its last character that may also trail.
  let afterShared = -1;
  while (i < text.length) {
    const bits = classAt(text, i);
    if (!(bits & LEADING)) break;
    i += widthAt(text, i);
    if (bits & TRAILING) afterShared = i;
  }
  const end = runEnd(text, i, TRAILING);
  return end > i ? end : afterShared;
}

/** `[leading]+` from `start`; -1 where there is none. What trails was already tried by `wordEnd`. */
function leadingEnd(text: string, start: number): number {
  const end = runEnd(text, start, LEADING);
  return end > start ? end : -1;
}

/** The end of the run of characters, from `start`, that have a bit of `mask`. */
function runEnd(text: string, start: number, mask: number): number {
  let i = start;
  while (i < text.length) {
    const unit = text.charCodeAt(i);
    if (unit < 128) {
      if (!(ASCII[unit]! & mask)) return i;
      i++;
    } else {
      const point = text.codePointAt(i)!;
      if (!(classOf(point) & mask)) return i;
      i += point > 0xffff ? 2 : 1;
    }
  }
  return i;
}

/** The end of the run of `[^\s\p{L}\p{N}]` from `start`. */
function symbolsEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && !(classAt(text, i) & NOT_SYMBOL)) i += widthAt(text, i);
  return i;
}

/** The end of the run of line ends, and of the unit `also`, from `start`. */
function newlinesEnd(text: string, start: number, also: number): number {
  let i = start;
  while (i < text.length) {
    const unit = text.charCodeAt(i);
    if (unit !== 10 && unit !== 13 && (unit !== also || also === 0)) break;
    i++;
  }
  return i;
}

function numbersEnd(text: string, start: number, most: number): number {
  let i = start;
  for (let count = 0; count < most && i < text.length; count++) {
    if (!(classAt(text, i) & NUMBER)) break;
    i += widthAt(text, i);
  }
  return i;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`, with `\s++$` before it where `trailing` is set. */
function whiteSpaceEnd(text: string, start: number, trailing: boolean): number {
  const end = runEnd(text, start, SPACE);
  if (trailing && end === text.length) return end;
  for (let i = end - 1; i >= start; i--) {
    const unit = text.charCodeAt(i);
    if (unit === 10 || unit === 13) return i + 1;
  }
  return blanksEnd(text, start, end);
}

/** `\s+(?!\S)|\s+` on the run [start, end): the last one is left to the word that follows. */
function blanksEnd(text: string, start: number, end: number): number {
  return end < text.length && end - 1 > start ? end - 1 : end;
}

/** The end of `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll` at `start`, or 0. */
function contractionEnd(text: string, start: number, anyCase: boolean): number {
  const first = fold(text.charCodeAt(start + 1), anyCase);
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  const second = fold(text.charCodeAt(start + 2), anyCase);
  if ((first === 0x72 || first === 0x76) && second === 0x65) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : 0;
}

/** Case folding as far as contractions need it; U+017F (long s) folds to s. */
function fold(unit: number, anyCase: boolean): number {
  if (!anyCase) return unit;
  if (unit === 0x17f) return 0x73;
  return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
}
