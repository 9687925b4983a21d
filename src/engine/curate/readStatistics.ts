/** What `stats.json` of a corpus says. */
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { readTextFile } from '../../base/files';
import { openCorpus } from './openCorpus';
import { STATISTICS_NAME } from './writeCorpus';
import type { Statistics } from './statistics';

const count = z.int().nonnegative();

const statisticsSchema: z.ZodType<Statistics> = z.object({
  documentsIn: count,
  documentsKept: count,
  tokens: count,
  bytes: count,
  funnel: z.array(z.object({ stage: z.string(), documents: count, tokens: count })),
  dropped: z.record(z.string(), count),
  histograms: z.record(
    z.string(),
    z.object({
      edges: z.array(z.number()),
      counts: z.array(count),
      least: z.number(),
      most: z.number(),
    }),
  ),
});

/** @throws GlassboxError `not-a-corpus`, `corpus-damaged` */
export async function readStatistics(corpus: string): Promise<Statistics> {
  await openCorpus(corpus);
  const file = path.join(corpus, STATISTICS_NAME);
  const text = await readTextFile(file);
  try {
    return statisticsSchema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new GlassboxError('corpus-damaged', `${file} can't be used: ${messageOf(thrown)}`, {
      remedy: 'Make the corpus again.',
      cause: thrown,
    });
  }
}
