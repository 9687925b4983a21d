/**
 * What the labelling desk asks of the extension host. The page holds the label that a person is working
 * on, and which versions of it that is based on (`basis`); the host holds the files. A label that is
 * kept gets a new version, which the page goes on from.
 */
import * as z from 'zod';
import {
  candidateSchema,
  labelSchema,
  MODES,
  resultSchema,
  STATUSES,
  toolCallSchema,
  turnSchema,
} from '../labels/record';
import { consentSchema } from './chatSurface';
import { call, stream } from './descriptors';
import { count } from './fields';

const nothing = z.null();
const task = z.string().min(1);

const queueItemSchema = z.object({
  task,
  mode: z.enum(MODES),
  /** The beginning of what is asked. */
  title: z.string(),
  /** For the labeller at the desk. */
  status: z.enum(['open', ...STATUSES, 'conflict']),
  /** The versions of the labeller's label, the newest first; more than one: a conflict. */
  heads: z.array(z.string()).readonly(),
  /** Others who have finished it. */
  others: count,
});

const sectionSchema = z.object({ slug: z.string(), title: z.string(), level: count });

const shownGuidelinesSchema = z.object({
  version: z.string(),
  /** The file, as it is called in the workspace. */
  file: z.string(),
  /** Safe to be put into the page. */
  html: z.string(),
  sections: z.array(sectionSchema).readonly(),
});

const deskStateSchema = z.object({
  kind: z.literal('state'),
  file: z.string(),
  /** Undefined until a person has said who they are. */
  labeller: z.string().optional(),
  queue: z.array(queueItemSchema).readonly(),
  /** Undefined where there is no such file yet. */
  guidelines: shownGuidelinesSchema.optional(),
  /** Where they would be. */
  guidelinesFile: z.string(),
  broken: z.array(z.object({ line: count, problem: z.string() })).readonly(),
  model: z.object({ name: z.string(), chat: z.boolean() }).optional(),
  hasModels: z.boolean(),
});

const deskEventSchema = z.discriminatedUnion('kind', [
  deskStateSchema,
  /** An item of the queue has changed. */
  z.object({ kind: z.literal('item'), item: queueItemSchema }),
]);

/** What a person makes of a task, without what the host adds. */
const workSchema = z.object({
  status: z.enum(STATUSES),
  reason: z.string().optional(),
  seconds: z.number().nonnegative(),
  cites: z.array(z.string()),
  note: z.string().optional(),
  result: resultSchema,
});

const taskViewSchema = z.object({
  task,
  mode: z.enum(MODES),
  /** What is asked. */
  turns: z.array(turnSchema),
  source: z.string().optional(),
  /** In the order in which this labeller sees them. */
  candidates: z.array(candidateSchema),
  /** What to begin with, or go on with. */
  work: workSchema,
  /** The versions it stands for. */
  basis: z.array(z.string()),
  /** The guidelines that a finished label was made under, where they have changed since. */
  madeUnder: z.string().optional(),
  /** The versions of one's own label, the newest first; more than one: a conflict. */
  heads: z.array(labelSchema),
  /** What others made of it; empty until one has finished it oneself. */
  others: z.array(labelSchema),
});

const agreementSchema = z.object({
  mode: z.enum(MODES),
  /** Pairs of finished labels of one task by two labellers. */
  pairs: count,
  /** The share of pairs that are equal; of answers, the mean likeness of the texts. */
  agreement: z.number(),
  /** Cohen's, weighted for ratings; null where it is not defined. */
  kappa: z.number().nullable(),
});

const labellerStatisticsSchema = z.object({
  labeller: z.string(),
  done: count,
  skipped: count,
  medianSeconds: z.number().nullable(),
  answers: count,
  medianWords: z.number().nullable(),
  /** Of the answers. */
  refusals: count,
  /** Of drafted answers, how much of the draft was left in the end: from 0 to 1. */
  draftKept: z.number().nullable(),
});

const statisticsSchema = z.object({
  tasks: count,
  /** Tasks that somebody has finished. */
  labelled: count,
  labellers: z.array(labellerStatisticsSchema),
  agreement: z.array(agreementSchema),
  /** How often each section is cited; sections that are no longer there too. */
  sections: z.array(z.object({ slug: z.string(), title: z.string(), cited: count })),
  /** Finished labels that cite nothing. */
  uncited: count,
  /** Words of answers: from 0, 10, 25, 50, 100, 200, 400 up. */
  lengths: z.array(z.object({ from: count, answers: count })),
  /** Of the comparisons that were decided: how many for the one that was shown first. */
  firstChosen: z.object({ first: count, decided: count }),
});

const draftEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string() }),
  /** A call is complete. */
  z.object({ kind: z.literal('call'), call: toolCallSchema }),
  /** What the call gave. */
  z.object({ kind: z.literal('result'), output: z.string() }),
  z.object({ kind: z.literal('ask'), tools: z.array(z.string()).readonly() }),
]);

export const labelSurface = {
  /** The desk now, and whenever something changes. */
  watch: stream('watch', z.object({}), deskEventSchema),
  open: call('open', z.object({ task }), taskViewSchema),
  /** Keeps the label; gives the version it has now. */
  keep: call(
    'keep',
    z.object({ task, basis: z.array(z.string()), work: workSchema }),
    z.object({ basis: z.array(z.string()) }),
  ),
  /**
   * What the model says next. A tool that nobody has allowed is asked for (`ask`), and the draft ends;
   * with what a person answers it goes on behind the call, which is the last of the turns then.
   */
  draft: stream(
    'draft',
    z.object({ turns: z.array(turnSchema).min(1), consent: consentSchema.optional() }),
    draftEventSchema,
  ),
  addPrompt: call(
    'addPrompt',
    z.object({ system: z.string(), prompt: z.string().min(1) }),
    z.object({ task: task.optional() }),
  ),
  /** The host lets a person choose what to add. */
  addPrompts: call('addPrompts', z.object({}), nothing),
  addComparisons: call('addComparisons', z.object({}), nothing),
  writeGuidelines: call('writeGuidelines', z.object({}), nothing),
  openGuidelines: call('openGuidelines', z.object({}), nothing),
  /** An earlier version. */
  guidelines: call(
    'guidelines',
    z.object({ version: z.string() }),
    z.object({ html: z.string(), text: z.string(), now: z.string().optional() }),
  ),
  chooseLabeller: call('chooseLabeller', z.object({}), nothing),
  chooseModel: call('chooseModel', z.object({}), nothing),
  newRun: call('newRun', z.object({}), nothing),
  openAsText: call('openAsText', z.object({ line: count.optional() }), nothing),
  exportLabels: call('exportLabels', z.object({}), nothing),
  statistics: call('statistics', z.object({}), statisticsSchema),
};

export type QueueItem = z.infer<typeof queueItemSchema>;
export type ShownSection = z.infer<typeof sectionSchema>;
export type DeskState = z.infer<typeof deskStateSchema>;
export type DeskEvent = z.infer<typeof deskEventSchema>;
export type Work = z.infer<typeof workSchema>;
export type TaskView = z.infer<typeof taskViewSchema>;
export type DraftEvent = z.infer<typeof draftEventSchema>;
export type Statistics = z.infer<typeof statisticsSchema>;
export type Agreement = z.infer<typeof agreementSchema>;
