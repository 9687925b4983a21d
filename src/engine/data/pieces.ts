/**
 * Long text in pieces. A piece never ends in the midst of a character, and where possible it ends
 * between a word and white space: no usual pre-split pattern joins the two, so the tokens of the
 * pieces are the tokens of the whole. (Not so for a tokenizer that puts a space before every text, as
 * SentencePiece's do: there each piece begins with one.)
 */

/** A stretch of a document. */
export interface DocumentPiece {
  readonly text: string;
  /** The file, with the line's number where each line is a document. */
  readonly source: string;
  /** Whether this goes on with the document of the piece before. */
  readonly continues: boolean;
}

/** UTF-16 code units of a piece, if not said otherwise: some 20 ms of encoding. */
export const PIECE_LENGTH = 1 << 16;

/** How far before the wanted place a good one is looked for. */
export const LOOK_BACK = 4096;

const WORD_END = /[\p{L}\p{N}]/u;

function isSpace(codeUnit: number): boolean {
  return codeUnit === 0x20 || (codeUnit >= 0x09 && codeUnit <= 0x0d);
}

/** Whether text that ends with `before` can be cut from text that begins with `after`. */
export function isGoodCut(before: string, after: string): boolean {
  return after.length > 0 && isSpace(after.charCodeAt(0)) && WORD_END.test(before.slice(-1));
}

/**
 * The best place to cut `text` at or shortly before `wanted`: between a word and white space, else
 * between two characters. 0 if the first character alone is longer.
 */
export function cutBefore(text: string, wanted: number): number {
  if (wanted >= text.length) return text.length;
  for (let i = wanted; i > 0 && i > wanted - LOOK_BACK; i--)
    if (isSpace(text.charCodeAt(i)) && WORD_END.test(text[i - 1]!)) return i;
  const splitsPair =
    (text.charCodeAt(wanted) & 0xfc00) === 0xdc00 &&
    (text.charCodeAt(wanted - 1) & 0xfc00) === 0xd800;
  return splitsPair ? wanted - 1 : wanted;
}

/** The pieces of one document, at most `pieceLength` code units each (2 at least). */
export function* cutText(
  text: string,
  source: string,
  pieceLength = PIECE_LENGTH,
): Generator<DocumentPiece> {
  let start = 0;
  while (start < text.length) {
    // One more unit than is wanted, to see what follows the cut.
    const window = text.slice(start, start + pieceLength + 1);
    const end = start + cutBefore(window, pieceLength);
    yield { text: text.slice(start, end), source, continues: start > 0 };
    start = end;
  }
}

/** As `cutText`, for a document that arrives bit by bit, cut anywhere between two code units. */
export async function* cutStream(
  chunks: AsyncIterable<string>,
  source: string,
  pieceLength = PIECE_LENGTH,
): AsyncGenerator<DocumentPiece> {
  let held = '';
  let continues = false;
  for await (const chunk of chunks) {
    held += chunk;
    let start = 0;
    while (held.length - start > pieceLength) {
      const window = held.slice(start, start + pieceLength + 1);
      const end = start + cutBefore(window, pieceLength);
      yield { text: held.slice(start, end), source, continues };
      continues = true;
      start = end;
    }
    held = held.slice(start);
  }
  if (held !== '') yield { text: held, source, continues };
}
