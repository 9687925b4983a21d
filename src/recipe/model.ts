/**
 * The shape of a decoder of the Llama family, fully resolved: what a checkpoint's `config.json`
 * says and what the model room builds a graph from. Presets and the depth dial live in the model
 * room; this is what comes out of them.
 */
import * as z from 'zod';

const size = z.int().positive();

/** Llama 3's frequency-dependent stretching of RoPE (Hugging Face: `rope_type: "llama3"`). */
export const ropeScalingSchema = z.strictObject({
  kind: z.literal('llama3'),
  factor: z.number().positive(),
  lowFrequencyFactor: z.number().positive(),
  highFrequencyFactor: z.number().positive(),
  originalContext: size,
});

/** The projections that can have low-rank adapters beside them, by Hugging Face's names. */
export const LORA_TARGETS = [
  ...(['q_proj', 'k_proj', 'v_proj', 'o_proj'] as const),
  ...(['gate_proj', 'up_proj', 'down_proj'] as const),
] as const;

/** Low-rank adapters (LoRA): W + alpha / rank * B A, of which A and B are learnt. */
export const loraSchema = z.strictObject({
  rank: size,
  alpha: z.number().positive(),
  targets: z.array(z.enum(LORA_TARGETS)).min(1),
  /** Whether the embedding is learnt too, as it must be where it has new tokens. */
  embeddings: z.boolean(),
});

export const modelConfigSchema = z.strictObject({
  /** Rows of the embedding. */
  vocab: size,
  layers: size,
  /** Query heads. */
  heads: size,
  /** Key and value heads; divides `heads`. */
  kvHeads: size,
  /** Width of one head; `heads * headDim` need not equal `width` (Qwen3). */
  headDim: size.multipleOf(2, 'RoPE turns pairs: the head width must be even'),
  /** Width of the residual stream. */
  width: size,
  /** Hidden width of the SwiGLU. */
  intermediate: size,
  /** The longest sequence the model is meant for, in tokens. */
  context: size,
  ropeTheta: z.number().positive(),
  ropeScaling: ropeScalingSchema.nullable(),
  normEpsilon: z.number().positive(),
  /** The output projection is the embedding. */
  tieEmbeddings: z.boolean(),
  /** Biases on the query, key and value projections (Qwen2). */
  qkvBias: z.boolean(),
  /** RMSNorm on each query and key head (Qwen3). */
  qkNorm: z.boolean(),
  /** Only while a model is trained so: on the disk its weights are one again. */
  lora: loraSchema.optional(),
});

export type RopeScaling = z.infer<typeof ropeScalingSchema>;
export type Lora = z.infer<typeof loraSchema>;
export type ModelConfig = z.infer<typeof modelConfigSchema>;
