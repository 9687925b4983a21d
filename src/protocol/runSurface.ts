/** What the run dashboard asks of the extension host. The records themselves it reads from the disk. */
import * as z from 'zod';
import { runSummarySchema } from './catalogMessages';
import { call, stream } from './descriptors';
import { count, path } from './fields';
import { trainEventSchema } from './messages';

/** As the views show it; `missing` where this window knows no run in the folder. */
const stateSchema = z.enum([
  'starting',
  'running',
  'stopping',
  'paused',
  'elsewhere',
  'finished',
  'stopped',
  'interrupted',
  'failed',
  'damaged',
  'missing',
]);

const shownRunSchema = runSummarySchema.omit({ state: true, pid: true }).extend({
  state: stateSchema,
  /** Where the page can fetch the folder's files from; ends with a slash. */
  files: z.string(),
  resumable: z.boolean(),
  /** Whether it could make more steps than it was given. */
  extendable: z.boolean(),
  /** Of its model, where that is known. */
  parameters: count.optional(),
  live: z
    .object({
      backend: z.string(),
      /** In what its matrix products multiply. */
      precision: z.string(),
      tokensPerSecond: z.number(),
      secondsLeft: z.number().optional(),
      note: z.string().optional(),
      /** Bytes that it takes of the GPU's memory, where it has one. */
      gpuMemory: count.optional(),
      /** Bytes of the engine's process. */
      memory: count.optional(),
    })
    .optional(),
});

export const watchEventSchema = z.object({
  /** All runs of the page in their order, when any of them has changed. */
  runs: z.array(shownRunSchema).optional(),
  /** What the runs have said since the last event. */
  news: z.array(z.object({ folder: path, event: trainEventSchema })),
});

export const runActionSchema = z.enum([
  'pause',
  'resume',
  /** Makes more steps than the run was given: asks how many. */
  'further',
  'stop',
  'chat',
  'recipe',
  'remove',
  'log',
]);

const nothing = z.null();

export const runSurface = {
  /** Begins with the runs as they are; at most four events a second. */
  watch: stream('watch', z.object({}), watchEventSchema),
  act: call('act', z.object({ folder: path, action: runActionSchema }), nothing),
  /** Lets the person choose runs to lay beside those that are shown. */
  addRuns: call('addRuns', z.object({}), nothing),
  /** Lets the person choose a file. `false` where they don't. */
  save: call(
    'save',
    z.object({
      /** Without its ending. */
      name: z.string().min(1),
      type: z.enum(['png', 'csv']),
      data: z.instanceof(Uint8Array),
    }),
    z.boolean(),
  ),
};

export type ShownRun = z.infer<typeof shownRunSchema>;
export type RunAction = z.infer<typeof runActionSchema>;
export type WatchEvent = z.infer<typeof watchEventSchema>;
