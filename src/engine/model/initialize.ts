/**
 * The first weights. Matrices are normal with a standard deviation of 1/sqrt(inputs), which keeps
 * activations at one whatever the width; the two projections back into the residual stream are
 * divided by sqrt(2 layers) as well, so that the stream does not grow with depth (GPT-2). Norms are
 * one, biases zero.
 */
import { Rng } from '../../base/rng';
import type { ModelConfig } from '../../recipe/model';
import { sizeOf } from '../graph/graph';
import { parameterShapes } from '../interop/interop';

/** Every parameter's first value, one at a time, in the model's order; the seed decides all. */
export function* initialParameters(
  config: ModelConfig,
  seed: number,
): Generator<{ name: string; shape: readonly number[]; data: Float32Array }> {
  const rng = new Rng(seed);
  for (const [name, shape] of parameterShapes(config)) {
    const data = new Float32Array(sizeOf(shape));
    const deviation = deviationOf(config, name, shape);
    if (deviation === undefined) data.fill(name.endsWith('norm.weight') ? 1 : 0);
    else for (let i = 0; i < data.length; i++) data[i] = rng.normal() * deviation;
    yield { name, shape, data };
  }
}

function deviationOf(
  config: ModelConfig,
  name: string,
  shape: readonly number[],
): number | undefined {
  if (shape.length !== 2) return undefined;
  // Adapters begin without effect (Hu and others, 2021): one factor is zero.
  if (name.endsWith('.lora_B.weight')) return undefined;
  const usual = 1 / Math.sqrt(shape[1]!);
  const intoStream = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  if (intoStream) return usual / Math.sqrt(2 * config.layers);
  // Small enough that a fresh model's logits are near zero, and its loss near log(vocab).
  if (name === 'model.embed_tokens.weight' || name === 'lm_head.weight') return 0.02;
  return usual;
}
