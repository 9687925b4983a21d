/**
 * What is asked of the engine and what comes back, as schemas: one source for the types on both
 * sides of every hop and for the checks where a message arrives. Paths are absolute, or relative to
 * the engine's current folder.
 */
import * as z from 'zod';
import { count, ids, measured, path } from './fields';
import { recipeSchema } from '../recipe/run';

export const backendSchema = z.enum(['auto', 'onnx', 'webgpu', 'reference']);

/** In what matrix products multiply; `auto` takes half floats for training on a GPU that has them. */
export const precisionSchema = z.enum(['auto', 'f32', 'f16']);

/** What came of it. */
const computedPrecisionSchema = z.enum(['f32', 'f16']);

// --- Training -------------------------------------------------------------------------------

export const trainRequestSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('new'),
    recipe: recipeSchema,
    /** What the recipe's relative paths start from; the engine's current folder if absent. */
    folder: path.optional(),
    /** The run's folder; one in `runs` that is named after the recipe if absent. */
    out: path.optional(),
    /** The folder that holds runs; `.glassbox/runs` in the engine's current folder if absent. */
    runs: path.optional(),
  }),
  z.object({
    kind: z.literal('resume'),
    /** A run's folder, or that of one of its checkpoints. */
    folder: path,
    /** `key=value`, applied to the recipe that the run was started with. */
    settings: z.array(z.string()),
    out: path.optional(),
  }),
]);

export const trainEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    /** The run's folder. */
    run: path,
    steps: count,
    parameters: count,
    /** Tokens of the text, those held out not counted. */
    tokens: count,
    validationTokens: count,
    vocab: count,
    backend: z.string(),
    precision: computedPrecisionSchema,
    threads: count,
    /** Whether it is taught to answer: samples are answers, not texts that go on. */
    answers: z.boolean(),
    /** Bytes that the run takes of a GPU's memory, where it has one. */
    memory: count.optional(),
    /** The step that a resumed run goes on from. */
    resumedFrom: count.optional(),
  }),
  z.object({
    kind: z.literal('train'),
    step: count,
    /** Tokens trained on so far. */
    tokens: count,
    loss: measured,
    lr: z.number(),
    gradNorm: measured,
    /** Only where products are of half floats: what the loss was multiplied by. */
    lossScale: z.number().optional(),
    tokensPerSecond: z.number(),
    stepMs: z.number(),
    /** Unix milliseconds. */
    time: z.number(),
  }),
  z.object({
    kind: z.literal('eval'),
    step: count,
    valLoss: measured,
    bitsPerByte: measured,
  }),
  z.object({ kind: z.literal('sample'), step: count, prompt: z.string(), text: z.string() }),
  z.object({ kind: z.literal('checkpoint'), step: count, path }),
  z.object({ kind: z.literal('note'), text: z.string() }),
  /** Of kernels that are compiled, and the like, before the first step. */
  z.object({ kind: z.literal('progress'), doing: z.string(), done: count, total: count }),
  z.object({ kind: z.literal('done'), run: path, checkpoint: path }),
  /** Ended in order before its last step. Without a checkpoint where no step had been made. */
  z.object({
    kind: z.literal('stopped'),
    run: path,
    step: count,
    checkpoint: path.optional(),
  }),
]);

/**
 * Tells a run to end after its step; answered at once. The stream of `train` then goes on to its own
 * end: the checkpoint, `stopped`. (Aborting `train` stops the run as well, but whoever aborts is told
 * nothing any more.)
 */
export const stopRunRequestSchema = z.object({
  /** As its `start` event gave it. */
  folder: path,
});

// --- Models ---------------------------------------------------------------------------------

export const generateRequestSchema = z.object({
  model: path,
  /** A text to go on with. */
  prompt: z.string(),
  /** Tokens that stand behind the prompt already: the branch that is gone on with. */
  continued: ids.optional(),
  /** What is too long for the model loses its beginning, instead of being refused. */
  sliding: z.boolean().optional(),
  maxTokens: count,
  temperature: z.number().nonnegative(),
  /** 0: all. */
  topK: count,
  /** 1: all. */
  topP: z.number().positive().max(1),
  /** 0: none is left out. */
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().positive().optional(),
  stop: z.array(z.string()).optional(),
  seed: count.optional(),
  /** How many of the likeliest tokens to report with each token; 0 for none. */
  topLogprobs: count,
  backend: backendSchema,
  /** `auto` if absent. */
  precision: precisionSchema.optional(),
  threads: count.optional(),
});

const tokenProbabilitySchema = z.object({
  id: count,
  text: z.string(),
  logprob: z.number(),
});

/** How many tokens the model goes on from, and how many it can look at in all. */
export const startedSchema = z.object({
  kind: z.literal('start'),
  promptTokens: count,
  context: count,
  /** Of a text too long, the tokens at its beginning that the model no longer sees. */
  forgotten: count.optional(),
});

/**
 * `text` is what the token adds to the text: nothing while a character is incomplete. In `top` it
 * is each token's own text. `rank` counts from 0, the likeliest; `entropy` is in nats.
 */
export const tokenWrittenSchema = tokenProbabilitySchema.extend({
  kind: z.literal('token'),
  rank: count,
  entropy: z.number(),
  top: z.array(tokenProbabilitySchema).readonly(),
});

export const generateEventSchema = z.discriminatedUnion('kind', [
  startedSchema,
  tokenWrittenSchema,
  /** `text` is the whole continuation, decoded at once. */
  z.object({ kind: z.literal('done'), text: z.string(), finishReason: z.string() }),
]);

export const logitsRequestSchema = z.object({
  model: path,
  ids,
  backend: backendSchema,
  /** `auto` if absent. */
  precision: precisionSchema.optional(),
  threads: count.optional(),
});

export const logitsAnswerSchema = z.object({
  /** What really computed. */
  backend: z.string(),
  adapter: z.string(),
  precision: computedPrecisionSchema,
  /** One for each token of the vocabulary, at the last position. */
  logits: z.array(z.number()),
});

export const evaluateRequestSchema = z.object({
  model: path,
  data: z.array(path).min(1),
  backend: backendSchema,
  /** `auto` if absent. */
  precision: precisionSchema.optional(),
  threads: count.optional(),
});

export const evaluateAnswerSchema = z.object({
  loss: z.number(),
  perplexity: measured,
  /** null where the tokens stand for no bytes at all. */
  bitsPerByte: measured,
  tokens: count,
});

// --- Tokenizers -----------------------------------------------------------------------------

export const tokenizerTrainRequestSchema = z.object({
  data: z.array(path).min(1),
  vocab: z.int().positive(),
  /** `gpt2`, `cl100k`, `o200k`, or a regular expression. */
  pattern: z.string().min(1),
  /** Tokens of their own, counted in `vocab`, that no text is encoded to unless it is allowed. */
  specialTokens: z.array(z.string().min(1)),
  /** The `tokenizer.json` to write. */
  out: path,
});

export const tokenizerTrainEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('progress'),
    doing: z.string(),
    done: z.number(),
    total: z.number().optional(),
  }),
  z.object({ kind: z.literal('done'), file: path, vocab: count }),
]);

export const encodeRequestSchema = z.object({
  /** A built-in name, a tokenizer.json, or a folder that holds one. */
  tokenizer: z.string().min(1),
  text: z.string(),
  special: z.enum(['text', 'allow', 'forbid']),
  offsets: z.boolean(),
});

const spanSchema = z.tuple([count, count]);

export const encodeAnswerSchema = z.object({
  ids,
  /** One for each id, if they were asked for: half-open spans of the text. */
  offsets: z
    .array(
      z.object({
        bytes: spanSchema,
        utf16: spanSchema,
        /** The token begins or ends within a character. */
        partial: z.boolean(),
      }),
    )
    .optional(),
});

export const decodeRequestSchema = z.object({ tokenizer: z.string().min(1), ids });

// --- The machine ----------------------------------------------------------------------------

export const deviceSchema = z.object({
  backend: z.string(),
  adapter: z.string(),
  available: z.boolean(),
  /** What it can do, or why it is not available. */
  details: z.record(z.string(), z.unknown()),
});

export type BackendChoice = z.infer<typeof backendSchema>;
export type PrecisionChoice = z.infer<typeof precisionSchema>;
export type TrainRequest = z.infer<typeof trainRequestSchema>;
export type TrainEvent = z.infer<typeof trainEventSchema>;
export type GenerateRequest = z.infer<typeof generateRequestSchema>;
export type GenerateEvent = z.infer<typeof generateEventSchema>;
export type LogitsRequest = z.infer<typeof logitsRequestSchema>;
export type LogitsAnswer = z.infer<typeof logitsAnswerSchema>;
export type EvaluateRequest = z.infer<typeof evaluateRequestSchema>;
export type EvaluateAnswer = z.infer<typeof evaluateAnswerSchema>;
export type TokenizerTrainRequest = z.infer<typeof tokenizerTrainRequestSchema>;
export type TokenizerTrainEvent = z.infer<typeof tokenizerTrainEventSchema>;
export type EncodeRequest = z.infer<typeof encodeRequestSchema>;
export type EncodeAnswer = z.infer<typeof encodeAnswerSchema>;
export type Device = z.infer<typeof deviceSchema>;
