/**
 * What the GPU benchmark measures, and against which bars: the rows of its table. A ratio is our speed
 * by the peer's. With `quick` the shapes are small enough for a software adapter: that shows that the
 * benchmark runs, and its figures say nothing of a GPU.
 */
import { resolveModel } from '../../src/engine/model/model';
import { defaultRecipe } from '../../src/recipe/run';
import type { ModelConfig } from '../../src/recipe/model';

export type Precision = 'f32' | 'f16';

export type Work =
  /** `chain` products of square matrices in one run, each with the result of the one before. */
  | { readonly kind: 'matmul'; readonly size: number; readonly chain: number }
  | { readonly kind: 'step'; readonly config: ModelConfig; readonly batch: number }
  /** Greedy tokens after a prompt, one at a time. */
  | { readonly kind: 'decode'; readonly config: ModelConfig; readonly tokens: number };

export interface Case {
  readonly name: string;
  /** Of ours; the peer's is f32 without TF32, or bf16. */
  readonly precision: Precision;
  readonly peer: string;
  readonly work: Work;
  /** The ratios that are asked for. */
  readonly least: number;
  readonly aim: number;
}

const wishes = defaultRecipe().model;
const CHARACTER_MODEL = { ...wishes, layers: 6, heads: 6, width: 384, context: 256 };
const GPT2 = resolveModel({ ...wishes, preset: 'base' }, 50257);
const SMALL = { ...wishes, layers: 2, heads: 2, width: 32, context: 32 };

export function casesOf(quick: boolean): readonly Case[] {
  const matmul = (size: number): Work => ({
    kind: 'matmul',
    size: quick ? size / 32 : size,
    chain: quick ? 2 : 16,
  });
  const step = (config: ModelConfig, batch: number): Work =>
    quick
      ? { kind: 'step', config: resolveModel(SMALL, 65), batch: 2 }
      : { kind: 'step', config, batch };
  const decode: Work = quick
    ? { kind: 'decode', config: resolveModel({ ...SMALL, context: 64 }, 65), tokens: 8 }
    : { kind: 'decode', config: GPT2, tokens: 128 };
  const compiled = 'PyTorch, compiled, bf16';
  const cached = (dtype: string): string => `PyTorch, compiled, static cache, ${dtype}`;
  return [
    {
      ...{ name: 'f32 matmul 4096', precision: 'f32', work: matmul(4096) },
      ...{ peer: 'PyTorch f32, TF32 off', least: 0.4, aim: 0.7 },
    },
    {
      ...{ name: 'f16 matmul 4096', precision: 'f16', work: matmul(4096) },
      ...{ peer: 'PyTorch bf16', least: 0.12, aim: 0.3 },
    },
    {
      ...{ name: 'f16 matmul 8192', precision: 'f16', work: matmul(8192) },
      ...{ peer: 'PyTorch bf16', least: 0.12, aim: 0.3 },
    },
    {
      ...{ name: 'shakespeare-char step', precision: 'f16' },
      work: step(resolveModel(CHARACTER_MODEL, 65), 64),
      ...{ peer: compiled, least: 0.2, aim: 0.5 },
    },
    {
      ...{ name: 'GPT-2 124M step', precision: 'f16', work: step(GPT2, 8) },
      ...{ peer: compiled, least: 0.1, aim: 0.3 },
    },
    {
      ...{ name: 'decode 124M, f32', precision: 'f32', work: decode },
      ...{ peer: cached('f32'), least: 0.5, aim: 1 },
    },
    {
      ...{ name: 'decode 124M, f16', precision: 'f16', work: decode },
      ...{ peer: cached('bf16'), least: 0.5, aim: 1 },
    },
  ];
}

export const describeWork = (work: Work): string => {
  if (work.kind === 'matmul')
    return `${work.size} x ${work.size} x ${work.size}, ${work.chain} in a row`;
  const { layers, heads, width, context, vocab } = work.config;
  const model = `${layers} layers, ${heads} heads, width ${width}, vocabulary ${vocab}`;
  return work.kind === 'step'
    ? `${model}, batch ${work.batch} x ${context}`
    : `${model}, ${work.tokens} tokens after ${PROMPT}`;
};

/** Tokens of a prompt for `decode`. */
export const PROMPT = 32;

/** What a run of `milliseconds` is, in the unit of its row: TFLOP/s, ms a step, tokens/s. */
export function speedOf(work: Work, milliseconds: number): { value: number; unit: string } {
  switch (work.kind) {
    case 'matmul':
      return { value: (2 * work.size ** 3 * work.chain) / milliseconds / 1e9, unit: 'TFLOP/s' };
    case 'step':
      return { value: milliseconds, unit: 'ms' };
    case 'decode':
      return { value: (work.tokens * 1000) / milliseconds, unit: 'tokens/s' };
  }
}
