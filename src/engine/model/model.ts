/**
 * The model room: shapes (presets, the depth dial), the decoder as a graph, and its first weights.
 * Knows nothing of optimizers, data or sampling.
 */
export { cacheShapes, declareParameters, decode, outputWeight } from './decoder';
export type { Parameters } from './decoder';
export { initialParameters } from './initialize';
export { weightedLoss, type LossShape } from './loss';
export { resolveModel } from './presets';
export { checkVocabulary } from './vocabulary';

import type { ModelConfig } from '../../recipe/model';
import { sizeOf } from '../graph/graph';
import { parameterShapes } from '../interop/interop';

/** How many numbers the model learns. */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values()) count += sizeOf(shape);
  return count;
}
