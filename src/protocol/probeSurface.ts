/** What the tab of a probe asks of the extension host. */
import * as z from 'zod';
import { call, stream } from './descriptors';
import { count, path } from './fields';
import { openProbeEventSchema } from './knowledgeMessages';

const nothing = z.null();

/** A probe as lists call it. */
const namedProbeSchema = z.object({
  folder: path,
  name: z.string(),
  /** The model that was probed. */
  model: z.string(),
  /** In milliseconds since 1970. */
  made: z.number(),
});

export const shownProbeSchema = namedProbeSchema.partial({ model: true, made: true }).extend({
  /** What was asked about, and how many answers were drawn; of older probes unknown. */
  about: z.string().optional(),
  samples: count.optional(),
  /** Other probes of the same questions, newest first. */
  others: z.array(namedProbeSchema).readonly(),
  /** The one of them that it is compared with where the person says nothing. */
  before: path.optional(),
  /** Why there is nothing to show. */
  problem: z.string().optional(),
});

export const probeActionSchema = z.enum([
  /** Writes a training set of it, and offers to train. */
  'teach',
  'again',
  'report',
]);

export const probeSurface = {
  /** The probe as it is, and again whenever it, or what it can be compared with, has changed. */
  watch: stream('watch', z.object({}), shownProbeSchema),
  /** What it found; compared with another where one is named. */
  read: stream('read', z.object({ before: path.optional() }), openProbeEventSchema),
  act: call('act', z.object({ action: probeActionSchema }), nothing),
};

export type ShownProbe = z.infer<typeof shownProbeSchema>;
export type ProbeAction = z.infer<typeof probeActionSchema>;
