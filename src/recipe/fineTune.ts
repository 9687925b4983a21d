/**
 * What suits a fine-tuning on conversations: the one place that says in what it differs from a first
 * training. A recipe's schema stays the source of everything else.
 */
import { recipeSchema } from './schema';
import type { Recipe } from './schema';

const STEPS = 300;

/** Of a recipe, what a model that knows its language already is trained otherwise with. */
export const FINE_TUNING = {
  name: 'sft',
  data: { validationFraction: 0.05 },
  train: {
    ...{ steps: STEPS, lr: 0.0005, warmup: 20 },
    ...{ schedule: 'warmdown', minLrFraction: 0, weightDecay: 0 },
    ...{ evalEvery: 50, sampleEvery: 100, checkpointEvery: 100 },
  },
  samples: { prompts: [], temperature: 0 },
} as const;

export interface FineTunePlan {
  readonly name: string;
  /** The folder of the model to go on from, or of its run. */
  readonly model: string;
  /** Files and folders of conversations. */
  readonly paths: readonly string[];
  /** Adapters beside frozen weights, instead of all weights. */
  readonly lora: boolean;
  readonly steps: number;
}

/** The rank of the adapters that are proposed, and the rate that they learn at: they start from zero. */
const LORA = { rank: 8, alpha: 16 } as const;
const LORA_RATE = 0.002;

/**
 * What the file of such a recipe says; the rest are defaults. A short run is measured and sampled as
 * many times as a usual one.
 */
export function fineTuneFile({ name, model, paths, lora, steps }: FineTunePlan) {
  const { train, data, samples } = FINE_TUNING;
  const often = (every: number): number =>
    Math.max(1, Math.min(every, Math.round((every * steps) / STEPS)));
  return {
    name,
    data: { format: 'conversations', paths, ...data },
    model: { from: model, ...(lora ? { lora: LORA } : {}) },
    train: {
      ...{ ...train, steps, warmup: often(train.warmup) },
      ...(lora ? { lr: LORA_RATE } : {}),
      evalEvery: often(train.evalEvery),
      sampleEvery: often(train.sampleEvery),
      checkpointEvery: often(train.checkpointEvery),
    },
    samples,
  };
}

export function fineTuneRecipe(plan: FineTunePlan): Recipe {
  return recipeSchema.parse(fineTuneFile(plan));
}
