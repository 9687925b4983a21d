/**
 * What there is on the disk: runs, models and tokenizers; and what a recipe would need of this
 * machine. Paths are absolute, or relative to the engine's current folder.
 */
import * as z from 'zod';
import { count, measured, path } from './fields';
import { recipeSchema } from '../recipe/run';

// --- Runs -----------------------------------------------------------------------------------

export const runsRequestSchema = z.object({
  /** The folders that hold runs, `.glassbox/runs` of each workspace folder. */
  folders: z.array(path),
});

/**
 * `running`: a live process owns it. `interrupted`: its process died. `stopped`: ended in order
 * before its last step. `failed`: ended by an error. `damaged`: something in the folder can't be read.
 */
export const runStateSchema = z.enum([
  'running',
  'finished',
  'stopped',
  'interrupted',
  'failed',
  'damaged',
]);

export const runSummarySchema = z.object({
  folder: path,
  name: z.string(),
  state: runStateSchema,
  /** The process that owns a running one. */
  pid: z.int().optional(),
  /** Why it failed, or what is damaged. */
  problem: z.string().optional(),
  /** The last step that was written down, and the last that its recipe wants. */
  step: count,
  steps: count,
  /** Tokens trained on. */
  tokens: count,
  loss: measured.optional(),
  valLoss: measured.optional(),
  /** Steps with a checkpoint that can be loaded, in order, and their folders. */
  checkpoints: z.array(z.object({ step: count, folder: path })),
  /** The step of the one with the lowest validation loss, where that was measured. */
  best: count.optional(),
  /** Unix milliseconds: when its recipe and when its records were written last. */
  started: z.number(),
  updated: z.number(),
});

export const runsAnswerSchema = z.array(runSummarySchema);

// --- Models ---------------------------------------------------------------------------------

export const modelsRequestSchema = z.object({
  /** Searched some levels deep for Hugging Face folders; what no one could mean (`.git`) left out. */
  folders: z.array(path),
});

export const modelSummarySchema = z.object({
  folder: path,
  name: z.string(),
  /** `LlamaForCausalLM` and the like. */
  architecture: z.string(),
  parameters: count,
  context: count,
  vocab: count,
  /** Bytes of its weights on the disk. */
  bytes: count,
  /** Whether it was taught to chat: it has a chat template. */
  chat: z.boolean(),
  /** The run whose checkpoint it is, if it is one, the step, and whether it is the run's best. */
  run: z.object({ folder: path, step: count, best: z.boolean() }).optional(),
  /** Why it can't be used. */
  problem: z.string().optional(),
});

export const exportRequestSchema = z.object({
  /** A checkpoint, or any model's folder. */
  model: path,
  /** A folder that is not there yet, or empty. */
  out: path,
});

export const exportAnswerSchema = z.object({ folder: path, bytes: count });

// --- Tokenizers -----------------------------------------------------------------------------

export const tokenizersRequestSchema = z.object({ folders: z.array(path) });

export const tokenizerSummarySchema = z.object({
  /** What the other requests take: a built-in name, or the path of a tokenizer.json. */
  tokenizer: z.string(),
  name: z.string(),
  builtin: z.boolean(),
  vocab: count,
  problem: z.string().optional(),
});

// --- Recipes --------------------------------------------------------------------------------

export const recipeProblemSchema = z.object({
  /** Dotted, with list positions in brackets: `data.paths[1]`; empty for the whole. */
  path: z.string(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
});

export const checkRecipeRequestSchema = z.object({
  /** What the file describes. */
  kind: z.enum(['run', 'corpus']),
  /** The file's text, which need not be JSON. */
  text: z.string(),
  /** What its relative paths start from. */
  folder: path,
});

export const estimateRequestSchema = z.object({ recipe: recipeSchema });

export const estimateAnswerSchema = z.object({
  parameters: count,
  /** Bytes while training, of the GPU's memory or of the machine's: weights, gradients, optimizer, activations. */
  memory: count,
  /** Bytes that this machine has, and has free now; absent of a GPU, which tells no one. */
  memoryTotal: count.optional(),
  memoryFree: count.optional(),
  /** Why a GPU has no room for it, where that is so. */
  refusal: z.string().optional(),
  /** From this machine's measured speed; wrong by a factor of two at worst, see the engine's note. */
  tokensPerSecond: z.number(),
  /** Of `train.steps`, also where `train.epochs` take their place. */
  seconds: z.number(),
});

export type RunState = z.infer<typeof runStateSchema>;
export type RunSummary = z.infer<typeof runSummarySchema>;
export type ModelSummary = z.infer<typeof modelSummarySchema>;
export type TokenizerSummary = z.infer<typeof tokenizerSummarySchema>;
export type RecipeProblem = z.infer<typeof recipeProblemSchema>;
export type Estimate = z.infer<typeof estimateAnswerSchema>;
