/**
 * What is asked of the engine about what a model knows, and what comes back. Paths are absolute, or
 * relative to the engine's current folder.
 */
import * as z from 'zod';
import { toolWishSchema } from './chatMessages';
import { count, path } from './fields';
import { generateRequestSchema } from './messages';

/** What the questions are made of. */
const questionSourceSchema = z.discriminatedUnion('kind', [
  /** Records with question and answer, or conversations. */
  z.object({ kind: z.literal('questions'), paths: z.array(path).min(1) }),
  z.object({
    kind: z.literal('tinyworld'),
    folder: path,
    /** `taught`: whom conversations may name. `held-out`: people and wordings that none has. */
    split: z.enum(['taught', 'held-out']),
  }),
  z.object({
    kind: z.literal('texts'),
    paths: z.array(path).min(1),
    /** The model that writes the questions; the one that is probed if absent. */
    writer: path.optional(),
  }),
]);

export const probeRequestSchema = generateRequestSchema
  .pick({ model: true, backend: true, precision: true, threads: true, maxTokens: true })
  .extend({
    source: questionSourceSchema,
    /** Questions at most. */
    limit: z.int().positive().optional(),
    /** Answers that are drawn for each question, besides the likeliest. */
    samples: count,
    temperature: z.number().nonnegative(),
    seed: count,
    /** What the model may call before it answers. */
    tools: z.array(toolWishSchema).optional(),
    /** A model that judges answers whose words don't tell. */
    judge: path.optional(),
    /** The folder of an earlier probe of the same questions: what the model knew is taken from it. */
    before: path.optional(),
    /** Where answers, report and picture go; a folder that is not there yet, or empty. */
    out: path.optional(),
  });

const knowledgeSchema = z.enum(['known', 'inconsistent', 'unknown', 'refused']);
const verdictSchema = z.enum(['right', 'wrong', 'refused']);
const answerSchema = z.object({ text: z.string(), verdict: verdictSchema });

/** How the likeliest answers to some questions stand to what is right. */
const countsSchema = z.object({ right: count, wrong: count, refused: count });

const binSchema = z.object({
  from: z.number(),
  to: z.number(),
  count,
  right: count,
  /** The mean confidence. */
  mean: z.number(),
});

export const knowledgeSummarySchema = z.object({
  questions: count,
  /** Answers that had to be cut off. */
  unended: count,
  /** What the drawn answers say of what the model knows. */
  knowledge: z.object({ known: count, inconsistent: count, unknown: count, refused: count }),
  /** What the model knew (by `before`, where that is given), and what it answered. */
  table: z.array(countsSchema.extend({ row: knowledgeSchema })).readonly(),
  /** How often the training text tells it, where that is known. */
  told: z.array(countsSchema.extend({ row: z.enum(['often', 'once', 'never']) })).readonly(),
  /** Answers that are no refusals, by how sure the model was. */
  probability: z.array(binSchema).readonly(),
  agreement: z.array(binSchema).readonly(),
});

export const probeEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), doing: z.string(), done: count, total: count }),
  /** A record, or a passage, that gave no question. */
  z.object({ kind: z.literal('problem'), place: z.string(), message: z.string() }),
  z.object({
    kind: z.literal('answer'),
    question: z.string(),
    right: z.string(),
    /** The likeliest answer. */
    answer: answerSchema,
    ended: z.boolean(),
    /** Of the token that the model was least sure of. */
    probability: z.number(),
    agreement: z.number(),
    drawn: z.array(answerSchema).readonly(),
    knowledge: knowledgeSchema,
  }),
  z.object({
    kind: z.literal('done'),
    summary: knowledgeSummarySchema,
    before: knowledgeSummarySchema.optional(),
    out: path.optional(),
  }),
]);

export const teachRequestSchema = z.object({
  /** The folders of probes, or their answers. */
  probes: z.array(path),
  /** A file that says who the model is. */
  profile: path.optional(),
  /** Ways to refuse, `{subject}` being who or what is asked about; the usual ones if absent. */
  refusals: z.array(z.string().min(1)).min(1).optional(),
  seed: count,
  /** The file of conversations. */
  out: path,
});

export const teachAnswerSchema = z.object({
  file: path,
  /** Questions whose answers are kept, and those that are to be refused. */
  answers: count,
  refusals: count,
  /** Questions of which nothing is taught. */
  leftOut: count,
  /** Conversations about the model itself. */
  identity: count,
});

export type ProbeRequest = z.infer<typeof probeRequestSchema>;
export type ProbeEvent = z.infer<typeof probeEventSchema>;
export type KnowledgeSummary = z.infer<typeof knowledgeSummarySchema>;
export type TeachRequest = z.infer<typeof teachRequestSchema>;
