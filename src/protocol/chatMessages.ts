/**
 * What is asked of the engine about conversations, and what comes back. Paths are absolute, or relative
 * to the engine's current folder.
 */
import * as z from 'zod';
import { count, ids, path } from './fields';

export const renderRequestSchema = z.object({
  /** Files and folders, or the text of one file, whose name tells its form. */
  source: z.union([
    z.object({ paths: z.array(path).min(1) }),
    z.object({ name: z.string().min(1), text: z.string() }),
  ]),
  /** `auto` (the model's own, else chatml), a built-in form, or a .jinja file. */
  template: z.string().min(1),
  /** The folder of a model whose tokenizer, template and context count. */
  model: path.optional(),
  /** Without a model: a built-in tokenizer, a tokenizer.json, or a folder that holds one. */
  tokenizer: z.string().min(1).optional(),
  /** Tokens of a row; the model's if absent. */
  context: count.optional(),
  /** Conversations at most; all of them if absent. */
  limit: count.optional(),
});

const problemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  /** For programs: `bad-json`, `roles`, `empty-turn`, `special-token`, `too-long`, ... */
  code: z.string(),
  message: z.string(),
});

const placeSchema = z.object({
  file: z.string(),
  /** Where the record begins, from 1. */
  line: count,
  problems: z.array(problemSchema),
});

export const renderEventSchema = z.discriminatedUnion('kind', [
  placeSchema.extend({
    kind: z.literal('conversation'),
    /** What the template wrote. */
    text: z.string(),
    ids,
    /** 1 for each id that is learnt, else 0. */
    mask: ids,
    /** Where each id stands in the text, in UTF-16 code units, half-open. */
    offsets: z.array(z.tuple([count, count])),
  }),
  /** A record from which nothing can be learnt. */
  placeSchema.extend({ kind: z.literal('broken') }),
  z.object({
    kind: z.literal('done'),
    conversations: count,
    broken: count,
    tokens: count,
    /** Of the tokens, those that are learnt. */
    learnt: count,
  }),
]);

export const tinyworldRequestSchema = z.object({
  /** A folder that is not there yet, or empty. */
  out: path,
  /** Bytes of stories. */
  bytes: z.int().positive(),
  seed: count,
  /** People who are often told of; as many as the stories have room for if absent. */
  people: z.int().positive().optional(),
});

export const tinyworldEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), done: count, total: count }),
  z.object({
    kind: z.literal('done'),
    folder: path,
    bytes: count,
    stories: count,
    people: count,
    facts: count,
    /** How often a fact that is told often is told, on average. */
    mentions: z.number(),
    talks: count,
    questions: count,
  }),
]);

export type TinyworldEvent = z.infer<typeof tinyworldEventSchema>;
export type RenderRequest = z.infer<typeof renderRequestSchema>;
export type RenderEvent = z.infer<typeof renderEventSchema>;
