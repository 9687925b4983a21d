/**
 * The learning rate over a run, as a fraction of its highest: warm-up, then one of three shapes. Only
 * `constant` doesn't look at the run's length, and can be prolonged as if it had been planned so.
 */
import type { Recipe } from '../../recipe/run';

type Settings = Pick<
  Recipe['train'],
  'steps' | 'warmup' | 'schedule' | 'minLrFraction' | 'warmdownFraction'
>;

/** The fraction at a step, which counts from 1. */
export function scheduleAt(step: number, settings: Settings): number {
  const { steps, warmup, schedule, minLrFraction, warmdownFraction } = settings;
  if (step <= warmup) return step / warmup;
  const fall = (progress: number): number => 1 + (minLrFraction - 1) * Math.min(1, progress);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'cosine': {
      const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
      return fall((1 - Math.cos(Math.PI * progress)) / 2);
    }
    case 'warmdown': {
      const length = Math.round(steps * warmdownFraction);
      const start = Math.max(warmup, steps - length);
      return step <= start ? 1 : fall((step - start) / Math.max(1, steps - start));
    }
  }
}
