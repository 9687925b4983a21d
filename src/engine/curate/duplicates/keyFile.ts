/**
 * What the comparison of documents needs of a segment: `keys.bin`. For each document as many keys of 16
 * bytes as there are sections: the fingerprint of its text first, then a key for each band. A key of
 * zeros stands for none. They lie in blocks of some thousand documents, in a block section by section,
 * so that one section can be read without the others.
 */
import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../../base/files';
import { KEY_BYTES } from './minHash';

const BLOCK = 4096;

export const keyFileOf = (segment: string): string => path.join(segment, 'keys.bin');

/** Of equal texts equal; of different ones different but once in 2^128. */
export function fingerprint(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, KEY_BYTES);
}

export class KeyWriter {
  readonly #file: FileHandle;
  readonly #sections: number;
  readonly #block: Buffer;
  #documents = 0;

  private constructor(file: FileHandle, sections: number) {
    this.#file = file;
    this.#sections = sections;
    this.#block = Buffer.alloc(BLOCK * sections * KEY_BYTES);
  }

  static async create(file: string, sections: number): Promise<KeyWriter> {
    return new KeyWriter(await open(file, 'wx'), sections);
  }

  /** @param keys the document's keys of some sections, each with the number of the first */
  async add(keys: readonly (readonly [section: number, keys: Uint8Array])[]): Promise<void> {
    for (const [first, bytes] of keys)
      for (let i = 0; i < bytes.length; i += KEY_BYTES) {
        const place = (first + i / KEY_BYTES) * BLOCK + this.#documents;
        this.#block.set(bytes.subarray(i, i + KEY_BYTES), place * KEY_BYTES);
      }
    if (++this.#documents === BLOCK) await this.#flush();
  }

  async #flush(): Promise<void> {
    for (let section = 0; section < this.#sections; section++) {
      const start = section * BLOCK * KEY_BYTES;
      await this.#file.writeFile(this.#block.subarray(start, start + this.#documents * KEY_BYTES));
    }
    this.#block.fill(0);
    this.#documents = 0;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#file.close();
    }
  }
}

/** How many documents a segment's keys are of. */
export async function countKeys(segment: string, sections: number): Promise<number> {
  const file = keyFileOf(segment);
  try {
    return (await stat(file)).size / (sections * KEY_BYTES);
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

/** The keys of one section in the order of the documents, in blocks. */
export async function* readKeys(
  segment: string,
  sections: number,
  section: number,
): AsyncGenerator<Buffer, void, void> {
  const documents = await countKeys(segment, sections);
  const file = await open(keyFileOf(segment));
  try {
    for (let first = 0; first < documents; first += BLOCK) {
      const length = Math.min(BLOCK, documents - first);
      const block = Buffer.alloc(length * KEY_BYTES);
      await file.read(block, 0, block.length, (first * sections + section * length) * KEY_BYTES);
      yield block;
    }
  } finally {
    await file.close();
  }
}
