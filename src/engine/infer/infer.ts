/**
 * The infer room: loads a model, lets it write, and shows what it thinks at every step. Knows
 * nothing of conversations (see `chat`) or of how a model came to be.
 */
export {
  generate,
  type FinishReason,
  type Finished,
  type GenerateOptions,
  type Started,
  type TokenProbability,
  type TokenStep,
} from './generate';
export { loadModel, modelOn, openModel, type LoadedModel, type ModelParts } from './loadedModel';
export { allLogitsOf, logitsOf } from './logits';
export {
  candidatesOf,
  draw,
  penalizeRepetition,
  resolveSampling,
  type Candidates,
  type Sampling,
  type SamplingOptions,
} from './sampling';
export { distributionOf, largest, likeliest, logprobOf, rankOf } from './distribution';
export type { Distribution, Likely } from './distribution';
export { StopText } from './stopText';
