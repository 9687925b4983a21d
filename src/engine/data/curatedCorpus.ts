/**
 * A curated corpus on disk, as whoever reads it sees it: a folder with
 *
 *   corpus.json         what it was made of and with, and which files there are (below)
 *   kept-00000.jsonl    the documents that were let through, one a line; or kept-00000.parquet
 *   dropped-00000.jsonl those that weren't, with the stage and the reason
 *   stats.json          how many each stage left, why documents were dropped, histograms
 *
 * The curate room writes it; here it becomes a source of documents like any other.
 */
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { readTextIfPresent } from '../../base/files';

export const CORPUS_NAME = 'corpus.json';

const count = z.int().nonnegative();
const shardSchema = z.strictObject({
  /** Inside of the folder. */
  name: z.string().regex(/^[a-z0-9-]+\.(jsonl|parquet)$/, 'not a plain file name'),
  documents: count,
});

export const curatedCorpusSchema = z.looseObject({
  format: z.literal('glassbox-corpus'),
  version: z.literal(1),
  kept: z.array(shardSchema),
  dropped: z.array(shardSchema),
  documentsIn: count,
  documentsKept: count,
  /** Of what is kept. */
  tokens: count,
});

export type CuratedCorpus = z.infer<typeof curatedCorpusSchema>;

/** The folder's corpus.json, parsed; undefined where there is none, or one that somebody else wrote. */
export async function readCuratedCorpus(folder: string): Promise<CuratedCorpus | undefined> {
  const file = path.join(folder, CORPUS_NAME);
  const text = await readTextIfPresent(file);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!z.object({ format: z.literal('glassbox-corpus') }).safeParse(json).success) return undefined;
  try {
    return curatedCorpusSchema.parse(json);
  } catch (thrown) {
    throw new GlassboxError('corpus-damaged', `${file} can't be used: ${messageOf(thrown)}`, {
      remedy: 'Make the corpus again.',
      details: { path: file },
      cause: thrown,
    });
  }
}
