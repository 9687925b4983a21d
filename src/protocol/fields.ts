/** Kinds of fields that messages are made of. */
import * as z from 'zod';

export const count = z.int().nonnegative();
export const ids = z.array(z.int().nonnegative());
export const path = z.string().min(1);

/** JSON has no NaN and no infinity: they arrive as null, from a worker's structured clone too. */
export const measured = z.preprocess(
  (value) => (typeof value === 'number' && !Number.isFinite(value) ? null : value),
  z.number().nullable(),
);
