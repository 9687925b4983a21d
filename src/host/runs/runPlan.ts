/** From a few answers to a recipe: what is watched how often follows from the steps. */
import { recipeSchema } from '../../recipe/run';
import type { Recipe } from '../../recipe/run';

export const PRESETS = ['tiny', 'small', 'base'] as const;
export type Preset = (typeof PRESETS)[number];

export interface RunPlan {
  readonly name: string;
  readonly paths: 'sample' | readonly string[];
  readonly preset: Preset;
  readonly steps: number;
}

/** The recipe, defaults filled in: a short run is measured and sampled as many times as a long one. */
export function recipeOf({ name, paths, preset, steps }: RunPlan): Recipe {
  const defaults = recipeSchema.parse({}).train;
  const share = (parts: number): number => Math.max(1, Math.round(steps / parts));
  return recipeSchema.parse({
    name,
    data: { paths },
    model: { preset },
    train: {
      steps,
      warmup: Math.min(defaults.warmup, share(10)),
      evalEvery: Math.min(defaults.evalEvery, share(10)),
      sampleEvery: Math.min(defaults.sampleEvery, share(5)),
      checkpointEvery: Math.min(defaults.checkpointEvery, share(4)),
    },
  });
}

const MOST_CHARACTERS = 64;

/** A text as a run's name: what a folder's name can't hold becomes a dash. */
export function nameFrom(text: string): string {
  const name = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, MOST_CHARACTERS)
    .replace(/[-.]+$/, '');
  return name === '' ? 'run' : name;
}

/** Whether a recipe may be called so. */
export function isRunName(name: string): boolean {
  return recipeSchema.shape.name.safeParse(name).success;
}

/** A whole number of steps as a person writes it, `1,000` too; undefined for anything else. */
export function stepsIn(text: string): number | undefined {
  const digits = text.replace(/(?<=\d)[\s,._'](?=\d{3}(?!\d))/g, '');
  const steps = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
  return steps > 0 ? steps : undefined;
}
