/**
 * Pre-splitting: cutting a text into the pieces that byte-pair merges never cross.
 *
 * A pattern has a name (gpt2, cl100k, o200k: scanners by hand) or is one's own regular expression in
 * the syntax of tokenizer files. Text that an expression doesn't match becomes pieces of its own, as
 * Hugging Face's `Split` does with the behaviour `Isolated`.
 */
import { GlassboxError } from '../../base/errors';
import { SPACE, classAt, widthAt } from './charClass';
import { type Scanner, cl100kScanner, gpt2Piece, o200kPiece } from './knownPatterns';
import { type PieceSplit, type SureCut, patternCut } from './sureCuts';
import { translateRegex } from './translateRegex';

export type PatternName = 'gpt2' | 'cl100k' | 'o200k';

/** A named pattern, or a regular expression in Oniguruma's syntax. */
export type SplitPattern = PatternName | { readonly regex: string };

export interface Splitter extends PieceSplit {
  /** The ends of the pieces of `text` from `from` on; the last one is `text.length`. */
  split(text: string, from?: number): number[];
  /** The same, but only the pieces that stay as they are whatever text may follow. */
  settled(text: string, from: number): number[];
  /** How many characters before a piece's start may bear on it. */
  readonly lookBack: number;
}

export const GPT2_EXPRESSION =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const cl100kExpression = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const CL100K_EXPRESSION = cl100kExpression('\\p{N}{1,3}');

/** tiktoken's cl100k_base, in which white space that ends the text stays whole. */
export const CL100K_BASE_EXPRESSION =
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s++\\z|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";

const WORD_HEAD = '[^\\r\\n\\p{L}\\p{N}]?';
const LEADING = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const TRAILING = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";

export const O200K_EXPRESSION = [
  `${WORD_HEAD}${LEADING}*${TRAILING}+${CONTRACTION}`,
  `${WORD_HEAD}${LEADING}+${TRAILING}*${CONTRACTION}`,
  '\\p{N}{1,3}',
  ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*',
  '\\s*[\\r\\n]+',
  '\\s+(?!\\S)',
  '\\s+',
].join('|');

/** Expressions for which there is a scanner. */
const SCANNERS: ReadonlyMap<string, Scanner> = new Map([
  [GPT2_EXPRESSION, gpt2Piece],
  [CL100K_EXPRESSION, cl100kScanner(3, false)],
  [cl100kExpression('\\p{N}'), cl100kScanner(1, false)],
  [CL100K_BASE_EXPRESSION, cl100kScanner(3, true)],
  [O200K_EXPRESSION, o200kPiece],
]);

const NAMED: Readonly<Record<PatternName, string>> = {
  gpt2: GPT2_EXPRESSION,
  cl100k: CL100K_EXPRESSION,
  o200k: O200K_EXPRESSION,
};

/** The pattern of that name; text that is no name is a regular expression of one's own. */
export function patternNamed(text: string): SplitPattern {
  return isPatternName(text) ? text : { regex: text };
}

function isPatternName(text: string): text is PatternName {
  return Object.hasOwn(NAMED, text);
}

/** The regular expression that a pattern stands for, as a tokenizer file has it. */
export function patternExpression(pattern: SplitPattern): string {
  if (typeof pattern !== 'string') return pattern.regex;
  if (!isPatternName(pattern)) {
    throw new GlassboxError(
      'tokenizer-pattern',
      `There is no pattern named "${String(pattern)}".`,
      {
        remedy: `Use one of ${Object.keys(NAMED).join(', ')}, or give a regular expression of your own.`,
      },
    );
  }
  return NAMED[pattern];
}

/**
 * The splitter of a pattern.
 *
 * @throws GlassboxError `tokenizer-pattern` for an unknown name or an expression that cannot be used
 */
export function splitterOf(pattern: SplitPattern): Splitter {
  const expression = patternExpression(pattern);
  const scanner = SCANNERS.get(expression);
  return scanner ? new ScannerSplitter(scanner) : new RegexSplitter(translateRegex(expression));
}

class ScannerSplitter implements Splitter {
  readonly lookBack = 0;
  readonly sureCut = patternCut;
  readonly #scan: Scanner;

  constructor(scan: Scanner) {
    this.#scan = scan;
  }

  split(text: string, from = 0): number[] {
    return this.#splitTo(text, from, text.length);
  }

  settled(text: string, from: number): number[] {
    return this.#splitTo(text, from, settledEnd(text, from));
  }

  #splitTo(text: string, from: number, to: number): number[] {
    const ends: number[] = [];
    const scan = this.#scan;
    for (let at = from; at < to;) {
      at = scan(text, at);
      ends.push(at);
    }
    return ends;
  }
}

/**
 * The last place after `from` where a piece ends whatever follows `text`, or `from`. In all of the
 * known patterns a blank never follows something else than white space within a piece; and no piece
 * goes on after a line end, but with white space or (o200k) with a slash. What stands before such a
 * place is decided by the characters up to it and the one after it.
 */
function settledEnd(text: string, from: number): number {
  for (let i = text.length - 1; i > from; i--) {
    const before = text.charCodeAt(i - 1);
    const here = text.charCodeAt(i);
    if (here === 0x20) {
      if (!(classAt(text, i - 1) & SPACE)) return i;
    } else if ((before === 10 || before === 13) && here !== 0x2f) {
      if (!(classAt(text, i) & SPACE)) return i;
    }
  }
  return from;
}

/** How far before and after a piece one's own expression may look where text comes in chunks. */
const REACH = 4096;

class RegexSplitter implements Splitter {
  readonly lookBack = REACH;
  readonly sureCut: SureCut | undefined = undefined;
  readonly #regex: RegExp;

  constructor(regex: RegExp) {
    this.#regex = regex;
  }

  split(text: string, from = 0): number[] {
    const ends: number[] = [];
    const regex = this.#regex;
    let done = from;
    regex.lastIndex = from;
    for (;;) {
      const found = this.#exec(text);
      if (!found) break;
      if (found.index > done) ends.push((done = found.index));
      const end = found.index + found[0].length;
      if (end > done) ends.push((done = end));
      // An empty match splits without taking anything; the search goes on one character later.
      if (found[0].length === 0) regex.lastIndex += end < text.length ? widthAt(text, end) : 1;
    }
    if (done < text.length) ends.push(text.length);
    return ends;
  }

  settled(text: string, from: number): number[] {
    const last = text.length - REACH;
    return last > from ? this.split(text, from).filter((end) => end <= last) : [];
  }

  #exec(text: string): RegExpExecArray | null {
    try {
      return this.#regex.exec(text);
    } catch (cause) {
      throw new GlassboxError(
        'tokenizer-pattern',
        'The regular expression ran out of stack on this text.',
        { remedy: 'Make the expression simpler, or break the text into lines.', cause },
      );
    }
  }
}

const EVEN = 4096;

/** Pieces of an even length, for tokenizers without merges, which any cut suits; never in a character. */
export function splitEvenly(text: string): number[] {
  const ends: number[] = [];
  for (let at = 0; at < text.length;) {
    at = Math.min(at + EVEN, text.length);
    if (at < text.length && text.codePointAt(at - 1)! > 0xffff) at++;
    ends.push(at);
  }
  return ends;
}

/** Cuts before each run of SentencePiece's `▁`. */
export function splitBeforeMarks(text: string): number[] {
  const ends: number[] = [];
  for (let at = text.indexOf('▁', 1); at >= 0; at = text.indexOf('▁', at + 1)) {
    if (text[at - 1] !== '▁') ends.push(at);
  }
  if (text !== '') ends.push(text.length);
  return ends;
}

/** The expression is one of those that leave no text unmatched. */
export function hasScanner(expression: string): boolean {
  return SCANNERS.has(expression);
}
