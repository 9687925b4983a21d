/**
 * Hugging Face's `config.json` to and from a ModelConfig.
 *
 * Read are LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM, with the
 * defaults that transformers 5.23 has for what a file leaves out, in the older spelling
 * (`rope_theta`, `rope_scaling`, `torch_dtype`) and the newer one (`rope_parameters`, `dtype`).
 * What would change the numbers and isn't computed here is refused by name: other architectures,
 * activations, kinds of RoPE scaling, sliding windows, biases elsewhere than on Q, K and V. Sizes
 * that a file must state have no default here, though transformers has some.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { FAMILIES, isArchitecture, type Architecture, type Family } from './families';
import { issuesOf, parseJsonFile } from './jsonFile';
import { modelConfigSchema, type ModelConfig, type RopeScaling } from '../../recipe/model';

/** Ids that mean something to whoever generates; undefined or empty where the files name none. */
export interface SpecialTokens {
  readonly bos: number | undefined;
  readonly eos: readonly number[];
  readonly pad: number | undefined;
}

const id = z.int().nonnegative();

/** One id, several, or none, as `eos_token_id` is written. */
export const tokenIdsSchema = z
  .union([id, z.array(id), z.null()])
  .transform((value) => (value === null ? [] : typeof value === 'number' ? [value] : value));

const size = z.int().positive();

const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  /** What `rope_type` was called before. */
  type: z.string().optional(),
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.number().nullish(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: size.optional(),
});

const fileSchema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().optional(),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: size.optional(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  partial_rotary_factor: z.number().nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  bos_token_id: id.nullish(),
  eos_token_id: tokenIdsSchema.optional(),
  pad_token_id: z.int().nullish(),
});

type ConfigFile = z.infer<typeof fileSchema>;

function unsupported(what: string, supported: string): GlassboxError {
  return new GlassboxError('unsupported-model', `This model cannot be run: ${what}.`, {
    remedy: `Supported: ${supported}.`,
  });
}

function familyOf(file: Pick<ConfigFile, 'architectures' | 'model_type'>): Family {
  const names = Object.keys(FAMILIES);
  const [architecture] = file.architectures ?? [];
  if (architecture !== undefined) {
    if (isArchitecture(architecture)) return FAMILIES[architecture];
    throw unsupported(`its architecture is ${architecture}`, names.join(', '));
  }
  const family = Object.values(FAMILIES).find(({ modelType }) => modelType === file.model_type);
  if (family) return family;
  throw unsupported(
    file.model_type === undefined
      ? 'its config.json names no architecture'
      : `its model_type is ${file.model_type}`,
    names.join(', '),
  );
}

/** Refuses what would change the numbers and isn't computed here. */
function refuseUnsupported(file: ConfigFile, family: Family): void {
  if (file.hidden_act !== 'silu')
    throw unsupported(`its activation (hidden_act) is ${file.hidden_act}`, 'silu');
  if (file.attention_bias)
    throw unsupported(
      'it has biases on all attention projections (attention_bias)',
      'biases on query, key and value alone (Qwen2ForCausalLM), or none',
    );
  if (file.mlp_bias)
    throw unsupported('its feed-forward layers have biases (mlp_bias)', 'layers without');
  if (file.quantization_config !== undefined && file.quantization_config !== null)
    throw unsupported(
      'its weights are quantized (quantization_config)',
      'weights in F32, F16 or BF16',
    );
  const partial =
    file.rope_parameters?.partial_rotary_factor ??
    file.rope_scaling?.partial_rotary_factor ??
    file.partial_rotary_factor ??
    1;
  if (partial !== 1)
    throw unsupported(
      `RoPE turns only a part of each head (partial_rotary_factor ${partial})`,
      'partial_rotary_factor 1',
    );
  const window =
    file.sliding_window === undefined ? family.slidingWindow : (file.sliding_window ?? undefined);
  const slides = family.slidingWindowSwitch
    ? (file.layer_types?.some((type) => type !== 'full_attention') ??
      (file.use_sliding_window && window !== undefined))
    : family.slidingWindow !== undefined && window !== undefined;
  if (slides)
    throw unsupported(
      `it attends through a sliding window (sliding_window ${window ?? 'in layer_types'})`,
      'attention to everything before (sliding_window null, or use_sliding_window false)',
    );
}

function ropeOf(
  file: ConfigFile,
  context: number,
): { readonly theta: number; readonly scaling: RopeScaling | null } {
  const rope = { ...file.rope_scaling, ...file.rope_parameters };
  const theta = rope.rope_theta ?? file.rope_theta ?? 10000;
  const kind = rope.rope_type ?? rope.type ?? 'default';
  if (kind === 'default') return { theta, scaling: null };
  if (kind !== 'llama3')
    throw unsupported(`its RoPE scaling (rope_type) is ${kind}`, 'default, llama3');
  const { factor, low_freq_factor: low, high_freq_factor: high } = rope;
  if (factor === undefined || low === undefined || high === undefined)
    throw new GlassboxError(
      'model-config',
      'config.json asks for llama3 RoPE scaling but lacks factor, low_freq_factor or high_freq_factor.',
    );
  return {
    theta,
    scaling: {
      kind,
      factor,
      lowFrequencyFactor: low,
      highFrequencyFactor: high,
      originalContext: rope.original_max_position_embeddings ?? context,
    },
  };
}

/**
 * What a `config.json` says.
 *
 * @throws GlassboxError `unsupported-model` (what isn't supported, and what is), `model-config`
 *   (what is missing or wrong)
 */
export function parseModelConfig(text: string): {
  readonly config: ModelConfig;
  readonly specialTokens: SpecialTokens;
} {
  // The architecture first: another one's file lacks fields, and that would be the lesser news.
  const namesOnly = fileSchema.pick({ architectures: true, model_type: true }).loose();
  familyOf(parseJsonFile(text, namesOnly, 'config.json'));
  const file = parseJsonFile(text, fileSchema, 'config.json');
  const family = familyOf(file);
  refuseUnsupported(file, family);

  const heads = file.num_attention_heads;
  const context = file.max_position_embeddings ?? family.context;
  const { theta, scaling } = ropeOf(file, context);
  const headDim = file.head_dim ?? family.headDim ?? Math.floor(file.hidden_size / heads);
  const kvHeads =
    file.num_key_value_heads === undefined
      ? (family.kvHeads ?? heads)
      : (file.num_key_value_heads ?? heads);
  if (heads % kvHeads !== 0)
    throw new GlassboxError(
      'model-config',
      `config.json is not valid: ${kvHeads} key and value heads (num_key_value_heads) do not divide ${heads} heads (num_attention_heads).`,
    );
  const config = modelConfigSchema.safeParse({
    vocab: file.vocab_size,
    layers: file.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    width: file.hidden_size,
    intermediate: file.intermediate_size,
    context,
    ropeTheta: theta,
    ropeScaling: scaling,
    normEpsilon: file.rms_norm_eps,
    tieEmbeddings: file.tie_word_embeddings,
    qkvBias: family.qkvBias,
    qkNorm: family.qkNorm,
  } satisfies ModelConfig);
  if (!config.success)
    throw new GlassboxError('model-config', `config.json is not valid: ${issuesOf(config.error)}.`);
  return {
    config: config.data,
    specialTokens: {
      bos:
        file.bos_token_id === undefined
          ? family.specialTokens.bos
          : (file.bos_token_id ?? undefined),
      eos: file.eos_token_id ?? family.specialTokens.eos,
      // Llama 1 wrote -1 for none.
      pad: file.pad_token_id != null && file.pad_token_id >= 0 ? file.pad_token_id : undefined,
    },
  };
}

/**
 * The `config.json` of a model, in both spellings, so that older and newer readers take it.
 *
 * @throws GlassboxError `unsupported-model` for a model that no architecture there describes.
 */
export function formatModelConfig(
  config: ModelConfig,
  specialTokens: SpecialTokens,
  dtype: 'float32' | 'float16' | 'bfloat16',
): string {
  if (config.qkvBias && config.qkNorm)
    throw unsupported(
      'no architecture of transformers has biases on Q, K and V and a norm on Q and K',
      'one of the two, or neither',
    );
  const architecture: Architecture = config.qkvBias
    ? 'Qwen2ForCausalLM'
    : config.qkNorm
      ? 'Qwen3ForCausalLM'
      : 'LlamaForCausalLM';
  const family: Family = FAMILIES[architecture];
  const scaling = config.ropeScaling && {
    rope_type: config.ropeScaling.kind,
    factor: config.ropeScaling.factor,
    low_freq_factor: config.ropeScaling.lowFrequencyFactor,
    high_freq_factor: config.ropeScaling.highFrequencyFactor,
    original_max_position_embeddings: config.ropeScaling.originalContext,
  };
  const { bos, eos, pad } = specialTokens;
  return `${JSON.stringify(
    {
      architectures: [architecture],
      model_type: family.modelType,
      vocab_size: config.vocab,
      hidden_size: config.width,
      intermediate_size: config.intermediate,
      num_hidden_layers: config.layers,
      num_attention_heads: config.heads,
      num_key_value_heads: config.kvHeads,
      head_dim: config.headDim,
      hidden_act: 'silu',
      max_position_embeddings: config.context,
      rms_norm_eps: config.normEpsilon,
      rope_theta: config.ropeTheta,
      rope_scaling: scaling,
      rope_parameters: { rope_type: 'default', rope_theta: config.ropeTheta, ...scaling },
      tie_word_embeddings: config.tieEmbeddings,
      attention_bias: false,
      ...(family.slidingWindowSwitch ? { use_sliding_window: false } : { mlp_bias: false }),
      attention_dropout: 0,
      bos_token_id: bos ?? null,
      eos_token_id: eos.length === 1 ? eos[0] : eos.length === 0 ? null : eos,
      pad_token_id: pad ?? null,
      torch_dtype: dtype,
      dtype,
    },
    null,
    2,
  )}\n`;
}
