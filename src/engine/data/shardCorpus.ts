/** A corpus on disk, read by position (pagedFiles.ts); what `writeShards` and its like wrote. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GlassboxError, messageOf } from '../../base/errors';
import { fileError } from '../../base/files';
import { damaged, PagedFiles } from './pagedFiles';
import {
  bytesPerToken,
  INDEX_NAME,
  indexSchema,
  maskName,
  TOKEN_BYTES_NAME,
  type CorpusIndex,
  type SplitIndex,
} from './shardFormat';
import { byteCounter, checkRange, type Corpus, type TokenCorpus } from './tokenCorpus';

/** The numbers of a small file, whose count the index gives. */
function readWhole(file: string, bytes: number): ArrayBuffer {
  try {
    const content = readFileSync(file);
    if (content.length !== bytes)
      throw damaged(file, `it has ${content.length} bytes, and the index says ${bytes}`);
    return new Uint8Array(content).buffer;
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

class ShardCorpus implements TokenCorpus {
  readonly length: number;
  readonly vocab: number;
  readonly bytes: number;
  readonly bytesOf: (id: number) => number;
  readonly #folder: string;
  readonly #split: SplitIndex;
  readonly #tokens: PagedFiles;
  readonly #mask: PagedFiles | undefined;
  #documents: Float64Array | undefined;

  constructor(
    folder: string,
    index: CorpusIndex,
    split: SplitIndex,
    tokenBytes: Uint16Array | undefined,
  ) {
    this.#folder = folder;
    this.#split = split;
    this.vocab = index.vocab;
    this.bytes = split.bytes;
    this.bytesOf = byteCounter(split.tokens, split.bytes, tokenBytes, split.tableBytes);
    const filesOf = (nameOf: (name: string) => string) =>
      split.files.map(({ name, tokens }) => ({ path: path.join(folder, nameOf(name)), tokens }));
    this.#tokens = new PagedFiles(
      filesOf((name) => name),
      { width: bytesPerToken(index.dtype), limit: index.vocab },
    );
    this.length = this.#tokens.length;
    try {
      if (this.length !== split.tokens)
        throw damaged(
          path.join(folder, INDEX_NAME),
          `the files hold ${this.length} tokens together, not ${split.tokens}`,
        );
      this.#mask = index.masked
        ? new PagedFiles(filesOf(maskName), { width: 1, limit: 2 })
        : undefined;
    } catch (thrown) {
      this.#tokens.close();
      throw thrown;
    }
  }

  documents(): Float64Array {
    if (this.#documents) return this.#documents;
    const file = path.join(this.#folder, this.#split.documentsFile);
    const starts = new Float64Array(readWhole(file, 8 * this.#split.documents));
    let least = 0;
    for (const [i, start] of starts.entries()) {
      if (!(start >= least && start <= this.length) || (i === 0 && start !== 0))
        throw damaged(file, `document ${i} starts at token ${start}`);
      least = start;
    }
    return (this.#documents = starts);
  }

  read(start: number, count: number): Int32Array {
    checkRange(start, count, this.length);
    return this.#tokens.read(start, new Int32Array(count));
  }

  readMask(start: number, count: number): Uint8Array | undefined {
    checkRange(start, count, this.length);
    return this.#mask?.read(start, new Uint8Array(count));
  }

  close(): void {
    this.#tokens.close();
    this.#mask?.close();
  }
}

function readIndex(folder: string): CorpusIndex {
  const file = path.join(folder, INDEX_NAME);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw damaged(file, `it is not JSON (${messageOf(thrown)})`, thrown);
  }
  const parsed = indexSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(file, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, parsed.error);
}

/** What a corpus must have been made with to fit. */
export interface ShardExpectations {
  readonly vocab?: number | undefined;
  readonly tokenizerHash?: string | undefined;
}

/**
 * Opens a corpus that `writeShards` wrote. The caller closes it.
 *
 * @throws GlassboxError `corpus-damaged`, `corpus-tokenizer` if it was made with another tokenizer
 *   than expected, or the file system's reason
 */
export function openShards(
  folder: string,
  expected: ShardExpectations = {},
): Corpus & { readonly index: CorpusIndex } {
  const index = readIndex(folder);
  if (
    (expected.vocab !== undefined && expected.vocab !== index.vocab) ||
    (expected.tokenizerHash !== undefined && expected.tokenizerHash !== index.tokenizer)
  )
    throw new GlassboxError(
      'corpus-tokenizer',
      expected.vocab === undefined || expected.vocab === index.vocab
        ? `The corpus ${folder} was made with another tokenizer.`
        : `The corpus ${folder} was made with a vocabulary of ${index.vocab} tokens, not ${expected.vocab}.`,
      {
        remedy: 'Make the corpus again with this tokenizer, or use the tokenizer it was made with.',
      },
    );
  const tokenBytes = index.hasTokenBytes
    ? new Uint16Array(readWhole(path.join(folder, TOKEN_BYTES_NAME), 2 * index.vocab))
    : undefined;
  const train = new ShardCorpus(folder, index, index.splits.train, tokenBytes);
  try {
    const validation =
      index.splits.validation &&
      new ShardCorpus(folder, index, index.splits.validation, tokenBytes);
    return {
      index,
      train,
      validation: validation ?? undefined,
      close: () => {
        train.close();
        validation?.close();
      },
    };
  } catch (thrown) {
    train.close();
    throw thrown;
  }
}
