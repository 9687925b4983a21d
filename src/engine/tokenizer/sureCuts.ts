/**
 * Places where a text can be cut in two so that the tokens of the whole are those of the parts, one
 * after the other, whatever else stands in either part. With them a long text that is being edited
 * needs to be tokenized again only around an edit.
 *
 * A rule here speaks of normalized text and looks at no more than two characters on each side. It
 * says yes only where that is proven; for a split by an expression of unknown shape there is none.
 */
import { LETTER, NUMBER, NOT_SYMBOL, SPACE, classAt, classOf } from './charClass';

/** Whether pieces, or tokens, surely end at `at`; nothing needs to be known of text further away. */
export type SureCut = (text: string, at: number) => boolean;

/** Cuts a normalized text into pieces. */
export interface PieceSplit {
  /** The ends of the pieces; the last one is `text.length`. */
  readonly split: (text: string) => number[];
  /** Undefined where none can be proven. */
  readonly sureCut: SureCut | undefined;
}

const BLANK = 0x20;
const LINE_FEED = 0x0a;

/**
 * For the patterns of GPT-2, cl100k and o200k. A piece never goes on
 * - with a blank after something that is no white space;
 * - from a letter to a digit, or back;
 * - from a letter or digit to a symbol of ASCII, but for the apostrophe of a contraction;
 * - after a line feed with something that is neither white space nor (o200k) a slash.
 * White space before a cut would be split otherwise if the text ended there: so none is left there
 * but a single line feed, which is a piece, or the end of one, in either case.
 */
export const patternCut: SureCut = (text, at) => {
  const here = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  if (here === BLANK) return !(classBefore(text, at) & SPACE);
  const bits = classAt(text, at);
  if (before === LINE_FEED) {
    return at > 1 && !(bits & SPACE) && here !== 0x2f && !(classBefore(text, at - 1) & SPACE);
  }
  const word = classBefore(text, at) & (LETTER | NUMBER);
  if (word === 0) return false;
  if (bits & (LETTER | NUMBER)) return !(word & bits);
  return here < 0x80 && here !== 0x27 && !(bits & NOT_SYMBOL);
};

/** For tokenizers without merges: any place between two characters. */
export const anyCut: SureCut = () => true;

/** For a split at one single code unit. */
export function unitCut(
  unit: string,
  behavior: 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous',
): SureCut {
  return (text, at) => {
    const before = text[at - 1] === unit;
    const after = text[at] === unit;
    switch (behavior) {
      case 'Isolated':
        return before || after;
      case 'MergedWithPrevious':
        return before;
      case 'MergedWithNext':
        return after;
      case 'Contiguous':
        return before !== after;
    }
  };
}

/** The class bits of the character that ends at `at`. */
function classBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  if (unit >= 0xdc00 && unit < 0xe000 && at > 1) {
    const point = text.codePointAt(at - 2)!;
    if (point > 0xffff) return classOf(point);
  }
  return classOf(unit);
}
