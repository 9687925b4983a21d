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
  /** The questions of an earlier probe. */
  z.object({ kind: z.literal('probe'), folder: path }),
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

/** What a model said to a question. */
const answeredSchema = z.object({
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
});

export const probeEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('progress'),
    doing: z.enum(['writing', 'asking', 'judging']),
    done: count,
    total: count,
  }),
  /** A record, or a passage, that gave no question. */
  z.object({ kind: z.literal('problem'), place: z.string(), message: z.string() }),
  answeredSchema.extend({ kind: z.literal('answer') }),
  z.object({
    kind: z.literal('done'),
    summary: knowledgeSummarySchema,
    before: knowledgeSummarySchema.optional(),
    out: path.optional(),
  }),
]);

/** How the questions of a probe were asked: what asks them again in the same way. */
export const probeAskedSchema = probeRequestSchema
  .pick({
    samples: true,
    temperature: true,
    maxTokens: true,
    seed: true,
    judge: true,
    before: true,
  })
  .extend({
    model: path,
    /** What the questions were made of. */
    about: z.object({
      kind: z.enum(['tinyworld', 'questions', 'texts', 'probe']),
      paths: z.array(path).readonly(),
      split: z.enum(['taught', 'held-out']).optional(),
    }),
    tools: z.array(toolWishSchema).readonly().optional(),
  });

/** A probe on the disk, as a list tells of it. */
export const probeSummarySchema = z.object({
  folder: path,
  name: z.string(),
  model: z.string(),
  questions: count,
  knowledge: z.object({ known: count, inconsistent: count, unknown: count, refused: count }),
  /** In milliseconds since 1970. */
  made: z.number(),
  /** The same for probes of the same questions; probes of an earlier version have none. */
  questionsHash: z.string().optional(),
  asked: probeAskedSchema.optional(),
});

export const probesRequestSchema = z.object({
  /** Looked through, with the folders below. */
  folders: z.array(path),
});

export const openProbeRequestSchema = z.object({
  folder: path,
  /** An earlier probe to compare it with. */
  before: path.optional(),
});

export const openProbeEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    summary: knowledgeSummarySchema,
    /** Of the questions that both asked. */
    before: knowledgeSummarySchema.optional(),
  }),
  z.object({
    kind: z.literal('answers'),
    answers: z
      .array(
        answeredSchema.extend({
          /** The text that the question was made from. */
          source: z.string().optional(),
          told: z.enum(['often', 'once', 'never']).optional(),
          /** What the earlier probe found of it, and its likeliest answer. */
          before: z.object({ knowledge: knowledgeSchema, answer: answerSchema }).optional(),
        }),
      )
      .readonly(),
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
export type ProbeAsked = z.infer<typeof probeAskedSchema>;
export type ProbeSummary = z.infer<typeof probeSummarySchema>;
export type OpenProbeEvent = z.infer<typeof openProbeEventSchema>;
export type ProbeAnswer = Extract<OpenProbeEvent, { kind: 'answers' }>['answers'][number];
export type TeachRequest = z.infer<typeof teachRequestSchema>;
