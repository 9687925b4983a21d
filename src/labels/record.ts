/**
 * The lines of a labels file (`*.labels.jsonl`), one record a line: what is to be labelled (`task`),
 * what a person made of it (`label`), and each version of the guidelines that a label was made under
 * (`guidelines`). The file is only ever added to, and says nothing by the order of its lines: two
 * copies that went apart in git are merged by putting their lines together.
 *
 * A label that changes is a new line that names the ones it stands in for (`after`). Not covered: how
 * the lines become the state that is shown (`ledger.ts`).
 */
import * as z from 'zod';
import { messageOf } from '../base/errors';

const id = z.string().min(1).max(200);
const at = z.iso.datetime().describe('When, in UTC.');
const by = z.string().min(1).max(200);

export const MODES = ['answer', 'rating', 'ranking'] as const;
export type Mode = (typeof MODES)[number];

/** Marks of a rating go from 1 to this. */
export const BEST_SCORE = 5;

export const toolCallSchema = z.object({
  name: z.string(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

export const turnSchema = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  toolCalls: z
    .array(toolCallSchema)
    .optional()
    .describe('Calls of tools; what they gave is the next turn, of the role `tool`.'),
  draft: z
    .object({ by: z.string(), text: z.string() })
    .optional()
    .describe('What a model (or a file) wrote first; the content is what a person made of it.'),
});

export const candidateSchema = z.object({
  id,
  text: z.string(),
  from: z.string().describe('The model, or the labeller, that wrote it.'),
});

export const taskSchema = z.object({
  kind: z.literal('task'),
  id: id.describe('Follows from what is asked: the same prompt imported twice is one task.'),
  at,
  by,
  place: z.int().nonnegative().describe('Among those that were added at once.'),
  mode: z.enum(MODES),
  turns: z.array(turnSchema).describe('The conversation up to what is to be answered.'),
  suggestion: z
    .object({ by: z.string(), text: z.string() })
    .optional()
    .describe('An answer that the prompt came with, to begin from.'),
  candidates: z.array(candidateSchema).optional().describe('What is rated, or the two compared.'),
  source: z.string().optional().describe('Where it came from.'),
});

export const resultSchema = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('answer'),
    branches: z
      .array(z.array(turnSchema).min(1))
      .min(1)
      .describe('Whole conversations that begin alike: more than one where a person branched off.'),
  }),
  z.object({
    mode: z.literal('rating'),
    shown: z.array(id).describe('The candidates in the order in which they were shown.'),
    scores: z.record(z.string(), z.int().min(1).max(BEST_SCORE)),
  }),
  z.object({
    mode: z.literal('ranking'),
    shown: z.array(id),
    choice: z.string().optional().describe('The better candidate, or `tie`.'),
  }),
]);

export const STATUSES = ['draft', 'done', 'skipped'] as const;

export const labelSchema = z.object({
  kind: z.literal('label'),
  id: id.describe('Of this version of the label.'),
  after: z.array(id).describe('The versions that this one stands in for.'),
  task: id,
  by: by.describe('The labeller.'),
  at,
  status: z.enum(STATUSES),
  reason: z.string().optional().describe('Why it was skipped.'),
  seconds: z.number().nonnegative().describe('Time spent on it, pauses left out.'),
  guidelines: z.string().optional().describe('The version of the guidelines it was made under.'),
  cites: z.array(z.string()).describe('Sections of the guidelines that decided it.'),
  note: z.string().optional(),
  result: resultSchema,
});

export const guidelinesSchema = z.object({
  kind: z.literal('guidelines'),
  id: id.describe('A hash of the text.'),
  at,
  text: z.string(),
});

export const recordSchema = z.discriminatedUnion('kind', [
  taskSchema,
  labelSchema,
  guidelinesSchema,
]);

export type Turn = z.infer<typeof turnSchema>;
export type Candidate = z.infer<typeof candidateSchema>;
export type Task = z.infer<typeof taskSchema>;
export type Result = z.infer<typeof resultSchema>;
export type Label = z.infer<typeof labelSchema>;
export type GuidelinesVersion = z.infer<typeof guidelinesSchema>;
export type LabelRecord = z.infer<typeof recordSchema>;

/** The schema of a line, for other programs. */
export function labelJsonSchema(): unknown {
  return {
    ...z.toJSONSchema(recordSchema, { io: 'input' }),
    title: 'A line of a labels file of Glassbox',
  };
}

export interface BrokenLine {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

export interface ReadLines {
  readonly records: readonly LabelRecord[];
  /** Lines that are none; they stay in the file. */
  readonly broken: readonly BrokenLine[];
}

/** The records of a file's text. A line that is broken harms no other. */
export function readLines(text: string): ReadLines {
  const records: LabelRecord[] = [];
  const broken: BrokenLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    try {
      const parsed = recordSchema.safeParse(JSON.parse(line));
      if (parsed.success) records.push(parsed.data);
      else broken.push({ line: index + 1, problem: issueOf(parsed.error) });
    } catch (thrown) {
      broken.push({ line: index + 1, problem: messageOf(thrown) });
    }
  }
  return { records, broken };
}

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return where === '' ? (issue?.message ?? error.message) : `${where}: ${issue?.message ?? ''}`;
}

/** The record as a line of the file, its end included. */
export function lineOf(record: LabelRecord): string {
  return `${JSON.stringify(record)}\n`;
}
