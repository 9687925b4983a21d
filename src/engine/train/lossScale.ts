/**
 * Dynamic loss scaling (Micikevicius et al., "Mixed Precision Training", 2018). Half floats end at
 * 6e-8: many gradients are smaller. So the loss is multiplied by a power of two before it is
 * differentiated, as large as it can be without a gradient beyond 65504, and the gradients are divided
 * by it when they are used. What is too large shows only in a gradient that is not finite: then
 * nothing is updated and the scale is halved. After many steps without that it is doubled.
 *
 * PyTorch and Apex leave such a step out and count it. Here it is made again, from the same batch: the
 * number of a step decides its batch, its learning rate and the corrections of AdamW's moments, and
 * stays the number of updates that were made. A run in half floats sees what a run in f32 sees.
 */
import * as z from 'zod';

/** The first, the smallest and the largest scale, and the steps between two doublings. */
export const FIRST_LOSS_SCALE = 2 ** 16;
const FLOOR = 1;
const GREATEST = 2 ** 24;
const INTERVAL = 2000;

export const lossScaleSchema = z.strictObject({
  scale: z.number().min(FLOOR).max(GREATEST),
  /** Steps that were made since the scale last changed. */
  good: z.int().nonnegative(),
});

/** All that must be kept for a run to go on as it would have. */
export type LossScaleState = z.infer<typeof lossScaleSchema>;

export class LossScale {
  #scale: number;
  #good: number;

  constructor({ scale, good }: LossScaleState = { scale: FIRST_LOSS_SCALE, good: 0 }) {
    this.#scale = scale;
    this.#good = good;
  }

  get scale(): number {
    return this.#scale;
  }

  get state(): LossScaleState {
    return { scale: this.#scale, good: this.#good };
  }

  /** A step was made with this scale. */
  made(): void {
    this.#good += 1;
    if (this.#good < INTERVAL) return;
    this.#scale = Math.min(GREATEST, this.#scale * 2);
    this.#good = 0;
  }

  /** A gradient was not finite. False where the scale can't be smaller: then it is not to blame. */
  overflowed(): boolean {
    if (this.#scale <= FLOOR) return false;
    this.#scale = Math.max(FLOOR, this.#scale / 2);
    this.#good = 0;
    return true;
  }
}
