/**
 * The families of models that are read and written, under transformers' names, and what transformers
 * 5.23 takes for granted where a family's config.json is silent.
 */

/** What a family leaves out of its config.json, and what it makes of it. */
export interface Family {
  readonly modelType: string;
  readonly qkvBias: boolean;
  readonly qkNorm: boolean;
  readonly context: number;
  /** Where `num_key_value_heads` is missing; null in the file means as many as query heads. */
  readonly kvHeads: number | undefined;
  readonly headDim: number | undefined;
  /** The default of `sliding_window`, and whether `use_sliding_window` turns it on. */
  readonly slidingWindow: number | undefined;
  readonly slidingWindowSwitch: boolean;
  readonly specialTokens: { readonly bos: number | undefined; readonly eos: readonly number[] };
}

const LLAMA: Family = {
  modelType: 'llama',
  qkvBias: false,
  qkNorm: false,
  context: 2048,
  kvHeads: undefined,
  headDim: undefined,
  slidingWindow: undefined,
  slidingWindowSwitch: false,
  specialTokens: { bos: 1, eos: [2] },
};

const QWEN2: Family = {
  modelType: 'qwen2',
  qkvBias: true,
  qkNorm: false,
  context: 32768,
  kvHeads: 32,
  headDim: undefined,
  slidingWindow: 4096,
  slidingWindowSwitch: true,
  specialTokens: { bos: undefined, eos: [] },
};

export const FAMILIES = {
  LlamaForCausalLM: LLAMA,
  MistralForCausalLM: {
    ...LLAMA,
    modelType: 'mistral',
    context: 131072,
    kvHeads: 8,
    slidingWindow: 4096,
  },
  Qwen2ForCausalLM: QWEN2,
  Qwen3ForCausalLM: {
    ...QWEN2,
    modelType: 'qwen3',
    qkvBias: false,
    qkNorm: true,
    headDim: 128,
  },
} as const satisfies Record<string, Family>;

export type Architecture = keyof typeof FAMILIES;

export function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(FAMILIES, name);
}
