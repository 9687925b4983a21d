/**
 * A split of a corpus as batches see it: token ids by position, and where documents start.
 */
import { GlassboxError } from '../../base/errors';

/** What this room needs of a tokenizer. */
export interface CorpusTokenizer {
  readonly vocabSize: number;
  encode(text: string): ArrayLike<number>;
  /** Written after each document, if there is one. */
  readonly eosId: number | undefined;
  /** With these the bytes of each token are counted exactly, else on average. */
  hasToken?(id: number): boolean;
  tokenBytes?(id: number): Uint8Array;
  /** They stand for none of the text. */
  readonly specialTokens?: ReadonlyMap<string, number>;
}

/** UTF-8 bytes of each token of the vocabulary, where the tokenizer tells; none for special ones. */
export function tokenByteLengths(tokenizer: CorpusTokenizer): Uint16Array | undefined {
  if (!tokenizer.tokenBytes) return undefined;
  const special = new Set(tokenizer.specialTokens?.values());
  if (tokenizer.eosId !== undefined) special.add(tokenizer.eosId);
  const lengths = new Uint16Array(tokenizer.vocabSize);
  for (let id = 0; id < lengths.length; id++)
    if (!special.has(id) && (tokenizer.hasToken?.(id) ?? true))
      lengths[id] = tokenizer.tokenBytes(id).length;
  return lengths;
}

export interface TokenCorpus {
  /** Tokens. */
  readonly length: number;
  /** Every id is below it. */
  readonly vocab: number;
  /** UTF-8 bytes of the text that the tokens stand for. */
  readonly bytes: number;
  /** Where each document starts, in tokens, ascending from 0. */
  documents(): Float64Array;
  /** `count` token ids from `start` on. Throws `corpus-range` past either end. */
  read(start: number, count: number): Int32Array;
  /** 1 for each of these tokens that is to be learnt, else 0; undefined where all of them are. */
  readMask(start: number, count: number): Uint8Array | undefined;
  /**
   * UTF-8 bytes that a token stands for, such that they add up to `bytes` over the corpus. Where the
   * tokenizer's own lengths are not known it is the average.
   */
  bytesOf(id: number): number;
  close(): void;
}

/** A corpus's splits; no validation where nothing was held out. */
export interface Corpus {
  readonly train: TokenCorpus;
  readonly validation: TokenCorpus | undefined;
  close(): void;
}

/** Throws `corpus-range` unless `count` tokens lie from `start` on. */
export function checkRange(start: number, count: number, length: number): void {
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(count) ||
    start < 0 ||
    count < 0 ||
    start + count > length
  )
    throw new GlassboxError(
      'corpus-range',
      `${count} tokens from ${start} on were asked for, of a corpus of ${length}.`,
    );
}

/** `bytesOf` from a table of the vocabulary's lengths, whose sum over the corpus is `tableBytes`. */
export function byteCounter(
  tokens: number,
  bytes: number,
  table: ArrayLike<number> | undefined,
  tableBytes: number,
): (id: number) => number {
  if (!table || tableBytes === 0) {
    const average = tokens === 0 ? 0 : bytes / tokens;
    return () => average;
  }
  const scale = bytes / tableBytes;
  return (id) => (table[id] ?? 0) * scale;
}

/** Token ids in memory as a corpus: one document, unless its starts are given. */
export function corpusInMemory(
  tokens: Int32Array,
  options: {
    readonly vocab: number;
    readonly bytes?: number;
    readonly documents?: Float64Array;
    readonly tokenBytes?: ArrayLike<number> | undefined;
    readonly mask?: Uint8Array | undefined;
  },
): TokenCorpus {
  const { vocab, bytes = 0, documents = Float64Array.of(0), tokenBytes, mask } = options;
  let tableBytes = 0;
  if (tokenBytes) for (const id of tokens) tableBytes += tokenBytes[id] ?? 0;
  return {
    length: tokens.length,
    vocab,
    bytes,
    documents: () => documents,
    read: (start, count) => {
      checkRange(start, count, tokens.length);
      return tokens.slice(start, start + count);
    },
    readMask: (start, count) => {
      checkRange(start, count, tokens.length);
      return mask?.slice(start, start + count);
    },
    bytesOf: byteCounter(tokens.length, bytes, tokenBytes, tableBytes),
    close: () => undefined,
  };
}
