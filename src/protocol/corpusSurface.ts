/** What the tab of a corpus asks of the extension host. */
import * as z from 'zod';
import { call, stream } from './descriptors';
import { corpusStatisticsSchema, sampleCorpusEventSchema } from './corpusMessages';
import { path } from './fields';

const nothing = z.null();

export const shownCorpusSchema = z.object({
  folder: path,
  name: z.string(),
  statistics: corpusStatisticsSchema.optional(),
  /** Why there is nothing to show. */
  problem: z.string().optional(),
});

export const corpusActionSchema = z.enum([
  'train',
  /** Lets the person choose a document to open. */
  'documents',
  'log',
]);

export const corpusSurface = {
  /** The corpus as it is, and again whenever it was made anew. */
  watch: stream('watch', z.object({}), shownCorpusSchema),
  /** The documents that can be judged anew, as the engine measures them. */
  sample: stream('sample', z.object({}), sampleCorpusEventSchema),
  act: call('act', z.object({ action: corpusActionSchema }), nothing),
  openDocument: call(
    'openDocument',
    z.object({ shard: z.string().min(1), line: z.int().positive(), name: z.string() }),
    nothing,
  ),
  /** Writes a recipe that differs from the corpus's in these thresholds and switches, where the person says. */
  saveRecipe: call(
    'saveRecipe',
    z.object({ settings: z.record(z.string(), z.union([z.number(), z.boolean()])) }),
    nothing,
  ),
};

export type ShownCorpus = z.infer<typeof shownCorpusSchema>;
export type CorpusAction = z.infer<typeof corpusActionSchema>;
