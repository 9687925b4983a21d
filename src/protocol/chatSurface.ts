/**
 * What the chat's page asks of the extension host. The host owns the conversation; the page draws
 * the path that is shown and says what a person does. A token's alternatives are asked for when
 * someone looks at them.
 */
import * as z from 'zod';
import { call, stream } from './descriptors';
import { count } from './fields';

const nothing = z.null();

export const samplingSchema = z.object({
  maxTokens: z.int().positive(),
  temperature: z.number().min(0),
  /** 0: all. */
  topK: count,
  /** 1: all. */
  topP: z.number().positive().max(1),
  /** 0: none is left out. */
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().positive(),
});

/**
 * Why an answer ends. The first four are the engine's; `call`: it waits for somebody to allow a call;
 * `calls`: there were as many as allowed; `stopped`: by a person; `failed`: by an error.
 */
export const ENDINGS = [
  ...(['end', 'stop', 'length', 'context'] as const),
  ...(['call', 'calls', 'stopped', 'failed'] as const),
] as const;

/** A call of a tool; `input` is what the tool is given of the arguments. */
export const callSchema = z.object({
  tool: z.string(),
  input: z.string(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

export const resultSchema = z.object({
  /** `failed`: the tool threw; `late`: it was given up; `refused`: nothing was run. */
  outcome: z.enum(['answered', 'failed', 'late', 'refused']),
  milliseconds: count,
  /** Tokens of the context that it takes. */
  tokens: count,
});

export const toolNameSchema = z.enum(['calculator', 'search', 'javascript']);

const shownToolSchema = z.object({
  name: toolNameSchema,
  chosen: z.boolean(),
  /** Where search looks, as a person knows it. */
  place: z.string().optional(),
  /** Not asked for again: in this conversation, or in this workspace. */
  allowed: z.enum(['chat', 'workspace']).optional(),
});

const shownTokenSchema = z.object({
  /** What it adds to the text; for a token that adds nothing, what it is called. */
  text: z.string(),
  /** It adds nothing: the end of the answer, or part of a character. */
  silent: z.boolean(),
  probability: z.number(),
  /** It opens or closes a call of a tool, or stands in one. */
  within: z.literal('call').optional(),
});

const shownPassageSchema = z.object({
  id: count,
  /** A tool's passage stands behind the one that calls it. */
  role: z.enum(['user', 'assistant', 'tool']),
  text: z.string(),
  tokens: z.array(shownTokenSchema).readonly(),
  /** Which of the passages that stand in this place it is; all of them, in the order they came. */
  versions: z.array(count).readonly(),
  ending: z.enum(ENDINGS).optional(),
  call: callSchema.omit({ arguments: true }).optional(),
  result: resultSchema.omit({ tokens: true }).optional(),
});

const problemSchema = z.object({ message: z.string(), remedy: z.string().optional() });

const chatStateSchema = z.object({
  kind: z.literal('state'),
  /** Which of the conversations. */
  conversation: z.string(),
  /** `text`: the model was never taught to chat and goes on with a text. */
  mode: z.enum(['chat', 'text']),
  instructions: z.string(),
  /** What a person was typing when the page was last there. */
  draft: z.string(),
  path: z.array(shownPassageSchema).readonly(),
  model: z.object({ name: z.string(), parameters: count, context: count }).optional(),
  /** Whether there is any model that could be chosen. */
  hasModels: z.boolean(),
  sampling: samplingSchema,
  /** It differs from the settings. */
  samplingChanged: z.boolean(),
  /** Empty where the model was taught no calls. */
  tools: z.array(shownToolSchema).readonly(),
  /** `reading`: it looks at the prompt. `calling`: a tool runs. */
  activity: z.enum(['idle', 'reading', 'writing', 'calling']),
  contextUsed: count.optional(),
  problem: problemSchema.optional(),
});

export const chatEventSchema = z.discriminatedUnion('kind', [
  chatStateSchema,
  /** More tokens of the last passage, which is the one being written. */
  z.object({
    kind: z.literal('tokens'),
    passage: count,
    tokens: z.array(shownTokenSchema).readonly(),
    contextUsed: count,
  }),
]);

const explanationSchema = z.object({
  /** Natural logarithm. */
  logprob: z.number(),
  /** From 0, the likeliest. */
  rank: count,
  /** Of the whole distribution, in nats. */
  entropy: z.number(),
  id: count,
  /** Empty where it is no longer kept. */
  top: z.array(z.object({ id: count, text: z.string(), logprob: z.number() })).readonly(),
});

const passage = z.object({ passage: count });
const text = z.object({ text: z.string() });

/** Of a call of a tool. `chat`: as long as the conversation, or the desk, that asks. */
export const consentSchema = z.enum(['once', 'chat', 'workspace', 'no']);

export const chatSurface = {
  watch: stream('watch', z.object({}), chatEventSchema),
  /** A person's turn; the model answers. In a text, empty text means: go on. */
  send: call('send', text, nothing),
  /** Another version of a person's turn; the model answers it. */
  edit: call('edit', z.object({ passage: count, text: z.string() }), nothing),
  /** Another version of an answer. */
  regenerate: call('regenerate', passage, nothing),
  /** The model goes on: with its last answer, or by answering the last turn. */
  goOn: call('goOn', z.object({}), nothing),
  stop: call('stop', z.object({}), nothing),
  /** Shows this version of its place. */
  choose: call('choose', passage, nothing),
  explain: call('explain', z.object({ passage: count, index: count }), explanationSchema),
  /** Another token in the place of one; the model goes on from there. */
  branch: call('branch', z.object({ passage: count, index: count, token: count }), nothing),
  /** null: as the settings have it. */
  setSampling: call('setSampling', z.object({ sampling: samplingSchema.nullable() }), nothing),
  setInstructions: call('setInstructions', text, nothing),
  /** Whether the model may ask for a tool. */
  useTool: call('useTool', z.object({ name: toolNameSchema, chosen: z.boolean() }), nothing),
  /** The host lets a person choose where search looks. */
  chooseSearch: call('chooseSearch', z.object({}), nothing),
  /** What becomes of the call that the conversation ends with, which is that of the passage. */
  consent: call('consent', z.object({ passage: count, answer: consentSchema }), nothing),
  /** What was allowed for longer is asked again. */
  askAgain: call('askAgain', z.object({}), nothing),
  /** The host lets a person choose. */
  chooseModel: call('chooseModel', z.object({}), nothing),
  chooseConversation: call('chooseConversation', z.object({}), nothing),
  newRun: call('newRun', z.object({}), nothing),
  keepDraft: call('keepDraft', text, nothing),
  copy: call('copy', passage, nothing),
};

export type Ending = (typeof ENDINGS)[number];
export type CallMade = z.infer<typeof callSchema>;
export type ToolResult = z.infer<typeof resultSchema>;
export type ToolName = z.infer<typeof toolNameSchema>;
export type ShownTool = z.infer<typeof shownToolSchema>;
export type Consent = z.infer<typeof consentSchema>;
export type Sampling = z.infer<typeof samplingSchema>;
export type ShownToken = z.infer<typeof shownTokenSchema>;
export type ShownPassage = z.infer<typeof shownPassageSchema>;
export type ChatState = z.infer<typeof chatStateSchema>;
export type ChatEvent = z.infer<typeof chatEventSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
