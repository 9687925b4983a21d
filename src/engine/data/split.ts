/**
 * Which part of a text is held out: its tail. The whole is counted first, then cut once, so that the
 * share is of UTF-8 bytes and the two parts put together are the text.
 *
 * With many documents the cut moves to the border of two, so that none is in both parts, unless the
 * documents are so uneven that the share would be off by more than half. Otherwise it falls between
 * a word and white space where one is near.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { cutBefore, isGoodCut, LOOK_BACK, type DocumentPiece } from './pieces';

export type Documents = AsyncIterable<DocumentPiece> | Iterable<DocumentPiece>;

/** From this many documents on, the cut is at the border of two. */
const MANY_DOCUMENTS = 20;

export interface Survey {
  readonly bytes: number;
  readonly documents: number;
  /** Where the validation part begins, in bytes; `bytes` if nothing is held out. */
  readonly cut: number;
}

export interface SurveyOptions {
  /** The share of the bytes that is held out; 0 for none. */
  readonly validationFraction: number;
  readonly signal?: AbortSignal | undefined;
}

/** Text between two turns of the event loop, where documents come from memory. */
const BYTES_A_TURN = 1 << 20;

/** Counts the documents and decides where to cut. */
export async function surveyDocuments(
  documents: Documents,
  { validationFraction, signal }: SurveyOptions,
): Promise<Survey> {
  const starts: number[] = [];
  let bytes = 0;
  let sinceTurn = 0;
  for await (const piece of documents) {
    if (!piece.continues) starts.push(bytes);
    const pieceBytes = Buffer.byteLength(piece.text);
    bytes += pieceBytes;
    sinceTurn += pieceBytes;
    if (sinceTurn >= BYTES_A_TURN) {
      sinceTurn = 0;
      await nextTurn();
      throwIfAborted(signal);
    }
  }
  const heldOut = Math.round(bytes * validationFraction);
  let cut = bytes - heldOut;
  if (heldOut > 0 && starts.length >= MANY_DOCUMENTS) {
    const nearest = starts.reduce((best, start) =>
      Math.abs(start - cut) < Math.abs(best - cut) ? start : best,
    );
    if (nearest > 0 && Math.abs(nearest - cut) <= heldOut / 2) cut = nearest;
  }
  return { bytes, documents: starts.length, cut };
}

/** The largest index into `text` with at most `bytes` UTF-8 bytes before it. */
function indexOfByte(text: string, bytes: number): number {
  let index = 0;
  let counted = 0;
  for (const character of text) {
    counted += Buffer.byteLength(character);
    if (counted > bytes) break;
    index += character.length;
  }
  return index;
}

/** Where to cut a piece at or shortly before `wanted`; `before` is the piece before it. */
function placeOfCut(text: string, wanted: number, before: string): number {
  const index = cutBefore(text, wanted);
  const good = isGoodCut(text.slice(0, index), text.slice(index));
  return !good && wanted <= LOOK_BACK && isGoodCut(before, text) ? 0 : index;
}

/** A piece, and which part it is in. `ends` marks the last piece of its document. */
export interface SplitPiece {
  readonly text: string;
  /** Of its document: the file, with the line's or row's number where each is a document. */
  readonly source: string;
  readonly bytes: number;
  readonly heldOut: boolean;
  /** Whether it starts a document, or a part. */
  readonly starts: boolean;
  readonly ends: boolean;
}

/**
 * The pieces of `documents` with the part each is in, in order; the piece that the cut falls into is
 * divided.
 *
 * @throws GlassboxError `corpus-changed` if they aren't what the survey counted, `cancelled`
 */
export async function* splitDocuments(
  documents: Documents,
  survey: Survey,
  signal?: AbortSignal,
): AsyncGenerator<SplitPiece> {
  let bytes = 0;
  let count = 0;
  let before = '';
  let heldOut = false;
  /** One piece is held back, until it is known whether its document goes on. */
  let held: SplitPiece | undefined;
  for await (const { text, source, continues } of documents) {
    throwIfAborted(signal);
    if (held) yield { ...held, ends: !continues };
    if (!continues) count++;
    const pieceBytes = Buffer.byteLength(text);
    let rest = text;
    let starts = !continues;
    if (!heldOut && bytes + pieceBytes > survey.cut) {
      heldOut = true;
      const index = placeOfCut(text, indexOfByte(text, survey.cut - bytes), before);
      const first = text.slice(0, index);
      if (first !== '')
        yield {
          text: first,
          source,
          bytes: Buffer.byteLength(first),
          heldOut: false,
          starts,
          ends: false,
        };
      rest = text.slice(index);
      starts = true;
    }
    bytes += pieceBytes;
    before = text;
    held = { text: rest, source, bytes: Buffer.byteLength(rest), heldOut, starts, ends: true };
  }
  if (held) yield held;
  if (bytes !== survey.bytes || count !== survey.documents)
    throw new GlassboxError(
      'corpus-changed',
      `The text changed while it was being read: ${bytes} bytes in ${count} documents instead of ${survey.bytes} in ${survey.documents}.`,
      { remedy: 'Try again once nothing writes to those files.' },
    );
}
