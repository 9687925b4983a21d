/**
 * The second step: documents that have the same key in one section (the same text, or a band's values).
 * Each section is compared alone, so different machines can work on different sections. A pair is the
 * first document that has the key, and one of the others, both by their numbers among all documents that
 * the filters have let through.
 *
 * Memory is bounded: where there are more documents than are held at once, the keys are gone through
 * several times, each time those of one range.
 */
import { createReadStream } from 'node:fs';
import { atomicFile, fileError } from '../../../base/files';
import { throwIfAborted } from '../../../base/errors';
import { countKeys, readKeys } from './keyFile';
import { KEY_BYTES } from './minHash';

/** Keys held at once: about 200 MB. */
const MOST_AT_ONCE = 1 << 20;

const PAIR_BYTES = 8;
const NONE = '\0'.repeat(KEY_BYTES);

export interface Section {
  /** The folders of the segments, in order. */
  readonly segments: readonly string[];
  readonly sections: number;
  readonly section: number;
}

/** Writes the pairs of a section to a file. */
export async function findPairs(
  { segments, sections, section }: Section,
  target: string,
  signal: AbortSignal,
  atOnce = MOST_AT_ONCE,
): Promise<void> {
  let documents = 0;
  for (const segment of segments) documents += await countKeys(segment, sections);
  const ranges = Math.max(1, Math.ceil(documents / atOnce));
  await atomicFile(target, async (file) => {
    for (let range = 0; range < ranges; range++) {
      const firsts = new Map<string, number>();
      let number = 0;
      for (const segment of segments)
        for await (const block of readKeys(segment, sections, section)) {
          throwIfAborted(signal);
          const pairs: number[] = [];
          for (let at = 0; at < block.length; at += KEY_BYTES, number++) {
            if (Math.floor((block.readUInt32LE(at) / 2 ** 32) * ranges) !== range) continue;
            const key = block.toString('latin1', at, at + KEY_BYTES);
            if (key === NONE) continue;
            const first = firsts.get(key);
            if (first === undefined) firsts.set(key, number);
            else pairs.push(first, number);
          }
          await file.writeFile(new Uint8Array(Uint32Array.from(pairs).buffer));
        }
    }
  });
}

/** The pairs of a file. */
export async function* readPairs(
  file: string,
): AsyncGenerator<readonly [first: number, other: number], void, void> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.length - (bytes.length % PAIR_BYTES);
      for (let at = 0; at < end; at += PAIR_BYTES)
        yield [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
      rest = bytes.subarray(end);
    }
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}
