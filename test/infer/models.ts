/** Tiny models with random weights, made on the spot. */
import type { Backend } from '../../src/engine/backend/backend';
import { openModel } from '../../src/engine/infer/infer';
import type { LoadedModel, ModelParts } from '../../src/engine/infer/infer';
import { tensorsInMemory } from '../../src/engine/interop/interop';
import { initialParameters } from '../../src/engine/model/model';
import type { ModelConfig } from '../../src/recipe/model';

export function tinyConfig(changes: Partial<ModelConfig> = {}): ModelConfig {
  return {
    vocab: 256,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 8,
    width: 32,
    intermediate: 48,
    context: 64,
    ropeTheta: 10_000,
    ropeScaling: null,
    normEpsilon: 1e-5,
    tieEmbeddings: false,
    qkvBias: false,
    qkNorm: false,
    ...changes,
  };
}

/** Weights large enough that the model has opinions. */
export function* opinionatedWeights(
  config: ModelConfig,
  seed = 1,
): Generator<[name: string, shape: readonly number[], data: Float32Array]> {
  for (const { name, shape, data } of initialParameters(config, seed)) {
    const table = name === 'model.embed_tokens.weight' || name === 'lm_head.weight';
    yield [name, shape, table ? data.map((weight) => weight * 25) : data];
  }
}

export function tinyModel(
  backend: Backend,
  parts: Partial<ModelParts> & { readonly seed?: number } = {},
): Promise<LoadedModel> {
  const { seed, config = tinyConfig(), ...rest } = parts;
  return openModel(backend, tensorsInMemory(opinionatedWeights(config, seed)), { config, ...rest });
}
