/** What a token at a place of a text is, and how its tokenizer came to it. */
import { GlassboxError } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { Block } from './block';
import type { EditedText } from './editedText';

export interface TokenExplanation {
  readonly id: number;
  /** For display. */
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly special: boolean;
  /** How many merges the tokenizer learned before the one that made it; undefined where none did. */
  readonly rank: number | undefined;
  readonly merges: readonly ShownMerge[];
  readonly occurrences: number | undefined;
  readonly piece: string;
}

export interface ShownToken {
  readonly id: number;
  readonly text: string;
}

export interface ShownMerge {
  readonly left: string;
  readonly right: string;
  readonly rank: number;
}

/** Longer pieces, where nothing splits a text, are shown around the token only. */
const LONGEST_PIECE = 200;
const AROUND = 40;

/**
 * The token that has the code unit at `position`; the first one where several share its character.
 *
 * @throws GlassboxError `document-no-token`
 */
export function explainToken(text: EditedText, position: number): TokenExplanation {
  const { tokenizer } = text;
  const placed = text.blockAt(position);
  if (!placed) throw noToken(position);
  const { block, start: blockStart, places } = placed;
  const within = position - blockStart;
  const { starts, ends } = places;
  const index = ends.findIndex((end, token) => end > within && starts[token]! <= within);
  if (index < 0) throw noToken(position);
  const id = block.tokenize(tokenizer)[index]!;
  const [start, end] = [starts[index]!, ends[index]!];
  const merges = shownMerges(tokenizer, id);
  return {
    id,
    text: tokenizer.tokenText(id),
    bytes: tokenizer.tokenBytes(id),
    start: blockStart + start,
    end: blockStart + end,
    special: [...tokenizer.specialTokens.values()].includes(id),
    rank: merges.at(-1)?.rank,
    merges,
    occurrences: text.occurrences(id),
    piece: pieceOf(tokenizer, block, start, end),
  };
}

/** How another tokenizer cuts the piece of an explained token. Throws as `Tokenizer.encode`. */
export function cutPiece(tokenizer: Tokenizer, piece: string): ShownToken[] {
  return tokenizer
    .encode(piece, { continues: true })
    .map((id) => ({ id, text: tokenizer.tokenText(id) }));
}

/** The merges that make a token, their parts as a person reads them. */
export function shownMerges(tokenizer: Tokenizer, id: number): ShownMerge[] {
  return tokenizer.tokenMerges(id).map(({ left, right, rank }) => ({
    left: tokenizer.tokenText(left),
    right: tokenizer.tokenText(right),
    rank,
  }));
}

function pieceOf(tokenizer: Tokenizer, block: Block, start: number, end: number): string {
  const { text, continues } = block;
  const [from, to] = tokenizer.pieceAt(text, start, { continues });
  if (to - from <= LONGEST_PIECE) return text.slice(from, to);
  return text.slice(Math.max(from, start - AROUND), Math.min(to, end + AROUND));
}

function noToken(position: number): GlassboxError {
  return new GlassboxError('document-no-token', `The text has no token at ${position}.`, {
    remedy: 'Ask for a position before the end of the text.',
  });
}
