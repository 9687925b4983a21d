/**
 * What is asked of the engine about conversations, and what comes back. Paths are absolute, or relative
 * to the engine's current folder.
 */
import * as z from 'zod';
import { count, ids, path } from './fields';
import { generateRequestSchema, startedSchema, tokenWrittenSchema } from './messages';

export const toolWishSchema = z.object({
  name: z.enum(['calculator', 'search', 'javascript']),
  /** Where `search` looks: a folder, a file or a corpus. */
  folder: path.optional(),
  /** Asked for each call: the answer ends with it (`finishReason` `call`), see `converse`. */
  ask: z.boolean().optional(),
});

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
  /** Characters of a conversation, as JSON, at most: a longer one is left out, and told as `long`. */
  longest: count.optional(),
  /** Only the record that this line, from 1, is part of. */
  line: z.int().positive().optional(),
  /** What a template is told that there is, of a record that doesn't say it itself (`tools`). */
  tools: z.array(toolWishSchema).optional(),
  /** Only what is wrong, with where; conversations and their tokens are left out. */
  problemsOnly: z.boolean().optional(),
});

const problemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  /** For programs: `bad-json`, `roles`, `empty-turn`, `special-token`, `too-long`, ... */
  code: z.string(),
  message: z.string(),
  /** Which of the messages it is about, from 0. */
  turn: count.optional(),
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
    /** Where what is said stands in it; the rest is the template's. */
    said: z.array(z.tuple([count, count])),
  }),
  /** With `problemsOnly`, of a conversation that is kept; where nothing is wrong nothing is told. */
  placeSchema.extend({ kind: z.literal('flawed') }),
  placeSchema.extend({ kind: z.literal('long'), characters: count }),
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

export const readConversationsRequestSchema = z.object({
  /** Files and folders. */
  paths: z.array(path).min(1),
});

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

const argumentsSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** What a conversation is made of; calls of tools as the model wrote them, and what they gave. */
const messageSchema = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  toolCalls: z
    .array(z.object({ name: z.string(), arguments: argumentsSchema }))
    .readonly()
    .optional(),
});

/** What stands in a dataset; of a record that is broken, only what is wrong with it. */
export const conversationReadSchema = placeSchema.extend({
  messages: z.array(messageSchema).readonly().optional(),
});

export const chatFormRequestSchema = z.object({ model: path });

export const chatFormAnswerSchema = z.object({
  /**
   * The tokens that open and close a call of a tool; absent where its template has no form of one. None
   * opens a call that is all a message holds.
   */
  call: z.object({ opens: count.optional(), closes: count }).optional(),
});

/**
 * An answer to a conversation, with calls of tools. A tool that has `ask` is not run: the answer ends
 * with the call as the last of `messages`. Whoever consents asks again with the conversation that ends
 * so, and the call is run first; whoever refuses puts a message of the tool behind it that says so.
 */
export const converseRequestSchema = generateRequestSchema
  .omit({ prompt: true, stop: true })
  .extend({
    messages: z.array(messageSchema).min(1),
    tools: z.array(toolWishSchema).optional(),
    /** Calls in one answer at most; 8 if absent. */
    maxCalls: count.optional(),
  });

export const converseEventSchema = z.discriminatedUnion('kind', [
  startedSchema,
  /** `within` a call: the tokens that open and close it, and what stands between. */
  tokenWrittenSchema.extend({ within: z.literal('call').optional() }),
  /** A call is complete. `tool` is as the model named it; `call` counts from 0 in this answer. */
  z.object({
    kind: z.literal('call'),
    call: count,
    tool: z.string(),
    /** What the tool is given of the arguments. */
    input: z.string(),
    arguments: argumentsSchema,
  }),
  z.object({
    kind: z.literal('result'),
    call: count,
    /** `failed`: the tool threw; `late`: it was given up; `refused`: there is none of this name. */
    outcome: z.enum(['answered', 'failed', 'late', 'refused']),
    output: z.string(),
    milliseconds: count,
    /** The tokens that were put into the context, up to where the model goes on. */
    forced: ids.readonly(),
  }),
  z.object({
    kind: z.literal('done'),
    /** As of `generate`; `call`: consent is asked; `calls`: there were as many as allowed. */
    finishReason: z.string(),
    /** What was said, without calls. */
    text: z.string(),
    /** What the conversation goes on with. */
    messages: z.array(messageSchema).readonly(),
    /** A call that was not closed when the answer ended. */
    unfinished: z.string().optional(),
  }),
]);

export type ConverseRequest = z.infer<typeof converseRequestSchema>;
export type ConverseEvent = z.infer<typeof converseEventSchema>;
export type ConversationMessage = z.infer<typeof messageSchema>;
export type ChatForm = z.infer<typeof chatFormAnswerSchema>;
export type TinyworldEvent = z.infer<typeof tinyworldEventSchema>;
export type ConversationRead = z.infer<typeof conversationReadSchema>;
export type RenderRequest = z.infer<typeof renderRequestSchema>;
export type RenderEvent = z.infer<typeof renderEventSchema>;
export type DatasetProblem = z.infer<typeof problemSchema>;
