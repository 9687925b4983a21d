/**
 * The protocol's requests about texts, their tokens and vocabularies in terms of the rooms. It keeps
 * the documents that are open. Some requests hold their thread: searching a vocabulary for tens of
 * milliseconds, learning merges for as long as a regular expression takes, loading a vocabulary for
 * some hundred. Which worker gets which, so that none waits for another, the supervisor decides.
 */
import { GlassboxError, throwIfAborted } from '../base/errors';
import type { Handlers } from '../protocol/protocol';
import {
  cutPiece,
  EditedText,
  encodeText,
  explainToken,
  searchVocabulary,
} from './documents/documents';
import type { ShownToken } from './documents/documents';
import { openTokenizer } from './tokenizerNames';
import { learnMerges, patternNamed } from './tokenizer/tokenizer';

export type DocumentRequest =
  | 'encode'
  | 'decode'
  | 'openDocument'
  | 'editDocument'
  | 'documentTokens'
  | 'documentCount'
  | 'explainToken'
  | 'closeDocument'
  | 'vocabulary'
  | 'learnMerges';

/** Characters of a text from which merges are learnt step by step, and of its pieces that are shown. */
const LEARNT = 100_000;
const PIECES_SHOWN = 2000;

export function createDocumentService(): Pick<Handlers, DocumentRequest> {
  // A document waits for its tokenizer, and requests for their document: they are answered in order.
  const open = new Map<string, Promise<EditedText>>();

  function find(document: string): Promise<EditedText> {
    return (
      open.get(document) ??
      Promise.reject(
        new GlassboxError('document-unknown', `The engine doesn't have the document ${document}.`, {
          remedy: 'Open it anew.',
        }),
      )
    );
  }

  return {
    async encode({ tokenizer, text, special, offsets }, signal) {
      const opened = await openTokenizer(tokenizer);
      const encoded = await encodeText(opened, text, { special, offsets }, signal);
      return {
        ids: encoded.ids,
        offsets: encoded.offsets?.map(({ bytes, utf16, partial }) => ({
          bytes: [...bytes],
          utf16: [...utf16],
          partial,
        })),
      };
    },

    async decode({ tokenizer, ids }) {
      return (await openTokenizer(tokenizer)).decode(ids);
    },

    async openDocument({ document, tokenizer }) {
      const opening = openTokenizer(tokenizer).then((opened) => new EditedText(opened));
      open.set(document, opening);
      try {
        await opening;
      } catch (thrown) {
        if (open.get(document) === opening) open.delete(document);
        throw thrown;
      }
      return null;
    },

    async editDocument({ document, version, changes }) {
      const text = await find(document);
      if (version !== text.version + 1) throw otherVersion(document, version, text.version);
      text.edit(changes);
      return null;
    },

    async documentTokens({ document, start, end }) {
      const text = await find(document);
      return { version: text.version, ...text.tokens({ start, end }) };
    },

    async documentCount({ document, ranges }, signal) {
      return (await find(document)).count(ranges, signal);
    },

    async explainToken({ document, position, others }, signal) {
      const text = await find(document);
      const { version } = text;
      const { bytes, merges, ...found } = explainToken(text, position);
      const cuts = await Promise.all(others.map((other) => cutBy(other, found.piece)));
      throwIfAborted(signal);
      return {
        ...found,
        version,
        bytes: [...bytes],
        merges: [...merges],
        others: cuts.filter((cut) => cut !== undefined),
      };
    },

    closeDocument({ document }) {
      open.delete(document);
      return Promise.resolve(null);
    },

    async vocabulary({ tokenizer, query, skip, limit }) {
      const page = searchVocabulary(await openTokenizer(tokenizer), { query, skip, limit });
      return {
        ...page,
        entries: page.entries.map((entry) => ({ ...entry, bytes: [...entry.bytes] })),
      };
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is the answer
    async learnMerges({ text, pattern, merges }) {
      const learnt = learnMerges(text.slice(0, LEARNT), patternNamed(pattern), merges);
      return {
        tokens: learnt.tokens,
        pieces: learnt.pieces.slice(0, PIECES_SHOWN),
        steps: learnt.steps.map((step) => ({ ...step, pairs: [...step.pairs] })),
      };
    },
  };
}

/** Undefined where the tokenizer can't be opened, or has no tokens for the piece. */
async function cutBy(
  tokenizer: string,
  piece: string,
): Promise<{ tokenizer: string; tokens: ShownToken[] } | undefined> {
  try {
    return { tokenizer, tokens: cutPiece(await openTokenizer(tokenizer), piece) };
  } catch (thrown) {
    if (thrown instanceof GlassboxError) return undefined;
    throw thrown;
  }
}

function otherVersion(document: string, made: number, now: number): GlassboxError {
  return new GlassboxError(
    'document-version',
    `The edit makes version ${made} of ${document}, which is at version ${now}.`,
    { remedy: 'Open the document anew: an edit was lost.', details: { made, now } },
  );
}
