/**
 * What was found fastest, kept for the next time in one file of JSON: for each adapter with its driver
 * and precision, the plan of each product. A file that is damaged, or of another version, counts as
 * empty and is written anew. It is read again before it is written, so that what another process has
 * found meanwhile stays; of two that write in the same moment one may lose its newest entries, which
 * are then tried again.
 */
import path from 'node:path';
import * as z from 'zod';
import { atomicFile, makeFolder, readTextIfPresent } from '../../../base/files';

/** Raised where kernels change so much that what was measured says nothing any more. */
const VERSION = 4;

const entrySchema = z.object({
  /** As kernels/matmul.ts has it, which alone says whether it still exists. */
  plan: z.record(z.string(), z.unknown()),
  /** Of one product, on that adapter. */
  milliseconds: z.number().nonnegative(),
});

const cacheSchema = z.object({
  version: z.literal(VERSION),
  /** Adapter, driver and precision -> product -> what was found. */
  adapters: z.record(z.string(), z.record(z.string(), entrySchema)),
});

export type Entry = z.infer<typeof entrySchema>;
type Cache = z.infer<typeof cacheSchema>;

const EMPTY: Cache = { version: VERSION, adapters: {} };

async function readCache(file: string): Promise<Cache> {
  try {
    const text = await readTextIfPresent(file);
    return text === undefined ? EMPTY : cacheSchema.parse(JSON.parse(text));
  } catch {
    return EMPTY;
  }
}

export async function readEntries(file: string, adapter: string): Promise<Map<string, Entry>> {
  const { adapters } = await readCache(file);
  return new Map(Object.entries(adapters[adapter] ?? {}));
}

/** Adds to what is there. Throws what the file system says. */
export async function addEntries(
  file: string,
  adapter: string,
  entries: ReadonlyMap<string, Entry>,
): Promise<void> {
  await makeFolder(path.dirname(file));
  const { version, adapters } = await readCache(file);
  const own = { ...adapters[adapter], ...Object.fromEntries(entries) };
  const cache: Cache = { version, adapters: { ...adapters, [adapter]: own } };
  await atomicFile(file, JSON.stringify(cache));
}
