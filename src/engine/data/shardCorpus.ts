/**
 * A corpus on disk, read by position: what is used stays in a small cache of pages, so a corpus may
 * be larger than memory. Reading is synchronous, as a training step is: give each thread its own.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { GlassboxError, messageOf } from '../../base/errors';
import { fileError } from '../../base/files';
import {
  bytesPerToken,
  INDEX_NAME,
  indexSchema,
  TOKEN_BYTES_NAME,
  type CorpusIndex,
  type SplitIndex,
} from './shardFormat';
import { byteCounter, checkRange, type Corpus, type TokenCorpus } from './tokenCorpus';

/**
 * Tokens in a page, and pages in the cache of one split: 32 MiB of uint16. Random windows of a
 * large corpus seldom meet a page again, so small pages are the faster ones.
 */
const PAGE_TOKENS = 1 << 12;
const MOST_PAGES = 1 << 12;

type Page = Uint16Array | Uint32Array;

interface Shard {
  readonly path: string;
  readonly descriptor: number;
  readonly tokens: number;
  /** Of all tokens before it. */
  readonly start: number;
}

function damaged(file: string, what: string, cause?: unknown): GlassboxError {
  return new GlassboxError('corpus-damaged', `${file} cannot be used: ${what}.`, {
    remedy: 'Delete the corpus and make it again.',
    details: { path: file },
    cause,
  });
}

function readFully(descriptor: number, bytes: Uint8Array, position: number, file: string): void {
  for (let filled = 0; filled < bytes.length;) {
    const got = readSync(descriptor, bytes, filled, bytes.length - filled, position + filled);
    if (got === 0) throw damaged(file, 'it became shorter while it was in use');
    filled += got;
  }
}

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
  readonly #width: number;
  readonly #shards: Shard[] = [];
  /** Pages by number, least recently used first. */
  readonly #pages = new Map<string, Page>();
  #documents: Float64Array | undefined;

  constructor(
    folder: string,
    index: CorpusIndex,
    split: SplitIndex,
    tokenBytes: Uint16Array | undefined,
  ) {
    this.#folder = folder;
    this.#split = split;
    this.#width = bytesPerToken(index.dtype);
    this.vocab = index.vocab;
    this.bytes = split.bytes;
    this.bytesOf = byteCounter(split.tokens, split.bytes, tokenBytes, split.tableBytes);
    let start = 0;
    try {
      for (const { name, tokens } of split.files) {
        this.#open(path.join(folder, name), tokens, start);
        start += tokens;
      }
      if (start !== split.tokens)
        throw damaged(
          path.join(folder, INDEX_NAME),
          `the files hold ${start} tokens together, not ${split.tokens}`,
        );
    } catch (thrown) {
      this.close();
      throw thrown;
    }
    this.length = start;
  }

  #open(file: string, tokens: number, start: number): void {
    try {
      const descriptor = openSync(file, 'r');
      this.#shards.push({ path: file, descriptor, tokens, start });
      const { size } = fstatSync(descriptor);
      if (size !== tokens * this.#width)
        throw damaged(
          file,
          `it has ${size} bytes, and ${tokens} tokens take ${tokens * this.#width}`,
        );
    } catch (thrown) {
      throw fileError(thrown, 'read', file);
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
    const ids = new Int32Array(count);
    let filled = 0;
    let number = this.#shardAt(start);
    while (filled < count) {
      const shard = this.#shards[number++]!;
      const end = Math.min(shard.tokens, start + count - shard.start);
      for (let at = start + filled - shard.start; at < end;) {
        const page = this.#page(shard, Math.floor(at / PAGE_TOKENS));
        const inPage = at % PAGE_TOKENS;
        const part = page.subarray(inPage, inPage + end - at);
        ids.set(part, filled);
        filled += part.length;
        at += part.length;
      }
    }
    return ids;
  }

  /** The shard that holds the token, by bisection. */
  #shardAt(token: number): number {
    let low = 0;
    let high = this.#shards.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#shards[middle]!.start <= token) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #page(shard: Shard, number: number): Page {
    const key = `${shard.start}:${number}`;
    let page = this.#pages.get(key);
    if (page) {
      this.#pages.delete(key);
    } else {
      const length = Math.min(PAGE_TOKENS, shard.tokens - number * PAGE_TOKENS);
      page = this.#width === 2 ? new Uint16Array(length) : new Uint32Array(length);
      const position = number * PAGE_TOKENS * this.#width;
      readFully(shard.descriptor, new Uint8Array(page.buffer), position, shard.path);
      for (let i = 0; i < length; i++)
        if (page[i]! >= this.vocab)
          throw damaged(
            shard.path,
            `it holds the token ${page[i]!}, and the vocabulary has ${this.vocab}`,
          );
      if (this.#pages.size >= MOST_PAGES)
        for (const oldest of this.#pages.keys()) {
          this.#pages.delete(oldest);
          break;
        }
    }
    this.#pages.set(key, page);
    return page;
  }

  close(): void {
    for (const { descriptor } of this.#shards.splice(0)) closeSync(descriptor);
    this.#pages.clear();
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
