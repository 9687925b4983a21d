/**
 * Files of numbers, read by position: what is used stays in a small cache of pages, so a corpus may
 * be larger than memory. Reading is synchronous, as a training step is: give each thread its own.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GlassboxError } from '../../base/errors';
import { fileError } from '../../base/files';
import { checkRange } from './tokenCorpus';

/**
 * Tokens in a page, and pages in the cache of one split: 32 MiB of uint16. Random windows of a
 * large corpus seldom meet a page again, so small pages are the faster ones.
 */
const PAGE_TOKENS = 1 << 12;
const MOST_PAGES = 1 << 12;

type Page = Uint8Array | Uint16Array | Uint32Array;

interface Shard {
  readonly path: string;
  readonly descriptor: number;
  readonly tokens: number;
  /** Of all tokens before it. */
  readonly start: number;
}

export function damaged(file: string, what: string, cause?: unknown): GlassboxError {
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

/** Files of numbers one after the other, read by position through a cache of pages. */
export class PagedFiles {
  readonly length: number;
  readonly #width: number;
  /** Every number is below it. */
  readonly #limit: number;
  readonly #shards: Shard[] = [];
  /** Pages by number, least recently used first. */
  readonly #pages = new Map<string, Page>();

  constructor(
    files: readonly { readonly path: string; readonly tokens: number }[],
    { width, limit }: { readonly width: 1 | 2 | 4; readonly limit: number },
  ) {
    this.#width = width;
    this.#limit = limit;
    let start = 0;
    try {
      for (const { path: file, tokens } of files) {
        this.#open(file, tokens, start);
        start += tokens;
      }
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

  /** Fills `into` with the numbers from `start` on. */
  read<Into extends Int32Array | Uint8Array>(start: number, into: Into): Into {
    const count = into.length;
    checkRange(start, count, this.length);
    let filled = 0;
    let number = this.#shardAt(start);
    while (filled < count) {
      const shard = this.#shards[number++]!;
      const end = Math.min(shard.tokens, start + count - shard.start);
      for (let at = start + filled - shard.start; at < end;) {
        const page = this.#page(shard, Math.floor(at / PAGE_TOKENS));
        const inPage = at % PAGE_TOKENS;
        const part = page.subarray(inPage, inPage + end - at);
        into.set(part, filled);
        filled += part.length;
        at += part.length;
      }
    }
    return into;
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
      page =
        this.#width === 1
          ? new Uint8Array(length)
          : this.#width === 2
            ? new Uint16Array(length)
            : new Uint32Array(length);
      const position = number * PAGE_TOKENS * this.#width;
      readFully(shard.descriptor, new Uint8Array(page.buffer), position, shard.path);
      for (let i = 0; i < length; i++)
        if (page[i]! >= this.#limit)
          throw damaged(
            shard.path,
            this.#width === 1
              ? `its mask holds ${page[i]!}`
              : `it holds the token ${page[i]!}, and the vocabulary has ${this.#limit}`,
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
