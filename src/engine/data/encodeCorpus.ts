/**
 * Documents to the token streams of training and validation, in one pass after the count: into
 * memory here, into files in shardWriter.ts.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { splitDocuments, surveyDocuments, type Documents } from './split';
import {
  corpusInMemory,
  tokenByteLengths,
  type Corpus,
  type CorpusTokenizer,
  type TokenCorpus,
} from './tokenCorpus';

export interface EncodeProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly tokens: number;
}

export interface EncodeOptions {
  /** The share of the text, from its end, that is held out; a tenth if not given, 0 for none. */
  readonly validationFraction?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: EncodeProgress) => void) | undefined;
}

/** Where the tokens of one part go. */
export interface TokenSink {
  /** Takes over the ids. `starts`: they start a document, which comes from this source. */
  add(ids: Int32Array, bytes: number, starts: string | undefined): Promise<void> | void;
}

/** Text between two turns of the event loop. */
const BYTES_A_TURN = 1 << 15;

function checkedIds(ids: ArrayLike<number>, vocab: number): Int32Array {
  const checked = new Int32Array(ids.length);
  checked.set(ids);
  for (const id of checked)
    if (id < 0 || id >= vocab)
      throw new GlassboxError(
        'token-range',
        `The tokenizer gave the token ${id}, but its vocabulary has ${vocab}.`,
        { remedy: 'The tokenizer is damaged: choose another, or train it again.' },
      );
  return checked;
}

/**
 * Encodes all documents, each part into its sink, an end-of-text token after each document (not
 * where the cut parts one).
 *
 * @throws GlassboxError `no-tokens` if nothing is left to train on, `token-range`,
 *   `corpus-changed`, `cancelled`, and what iterating the documents throws
 */
export async function encodeDocuments(
  documents: Documents,
  tokenizer: CorpusTokenizer,
  sinks: { readonly train: TokenSink; readonly validation: TokenSink },
  { validationFraction = 0.1, signal, onProgress }: EncodeOptions,
): Promise<void> {
  throwIfAborted(signal);
  const survey = await surveyDocuments(documents, { validationFraction, signal });
  const { vocabSize, eosId } = tokenizer;
  let bytes = 0;
  let tokens = 0;
  let trainTokens = 0;
  let sinceTurn = 0;
  for await (const piece of splitDocuments(documents, survey, signal)) {
    const sink = piece.heldOut ? sinks.validation : sinks.train;
    const ids = checkedIds(tokenizer.encode(piece.text), vocabSize);
    await sink.add(ids, piece.bytes, piece.starts ? piece.source : undefined);
    const ends = piece.ends && eosId !== undefined;
    if (ends) await sink.add(checkedIds([eosId], vocabSize), 0, undefined);
    const added = ids.length + (ends ? 1 : 0);
    tokens += added;
    if (!piece.heldOut) trainTokens += added;
    bytes += piece.bytes;
    sinceTurn += piece.bytes;
    if (sinceTurn >= BYTES_A_TURN) {
      sinceTurn = 0;
      onProgress?.({ bytes, totalBytes: survey.bytes, tokens });
      await nextTurn();
      throwIfAborted(signal);
    }
  }
  if (trainTokens === 0)
    throw new GlassboxError('no-tokens', 'The text gave no tokens to train on.', {
      remedy: 'Give more text.',
    });
  onProgress?.({ bytes, totalBytes: survey.bytes, tokens });
}

/** Collects tokens in arrays. */
class MemorySink implements TokenSink {
  readonly #parts: Int32Array[] = [];
  readonly #starts: number[] = [];
  #length = 0;
  #bytes = 0;

  add(ids: Int32Array, bytes: number, starts: string | undefined): void {
    if (starts !== undefined) this.#starts.push(this.#length);
    this.#parts.push(ids);
    this.#length += ids.length;
    this.#bytes += bytes;
  }

  corpus(vocab: number, tokenBytes: ArrayLike<number> | undefined): TokenCorpus | undefined {
    if (this.#length === 0) return undefined;
    const tokens = new Int32Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      tokens.set(part, offset);
      offset += part.length;
    }
    const documents = Float64Array.from(this.#starts);
    return corpusInMemory(tokens, { vocab, bytes: this.#bytes, documents, tokenBytes });
  }
}

/**
 * Encodes documents into a corpus that is held in memory: for a text that fits there.
 *
 * @throws GlassboxError as `encodeDocuments`
 */
export async function encodeInMemory(
  documents: Documents,
  tokenizer: CorpusTokenizer,
  options: EncodeOptions = {},
): Promise<Corpus> {
  const train = new MemorySink();
  const validation = new MemorySink();
  await encodeDocuments(documents, tokenizer, { train, validation }, options);
  const tokenBytes = tokenByteLengths(tokenizer);
  const trainCorpus = train.corpus(tokenizer.vocabSize, tokenBytes);
  if (!trainCorpus) throw new Error('encodeDocuments has counted tokens for training');
  return {
    train: trainCorpus,
    validation: validation.corpus(tokenizer.vocabSize, tokenBytes),
    close: () => undefined,
  };
}
