/**
 * The parameters that a decoder of the Llama family has: Hugging Face's names and shapes, from its
 * config alone. Matrices are [outputs, inputs], as torch's Linear keeps them.
 */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { TensorInfo } from './safetensorsHeader';

const loraName = (weight: string, part: 'A' | 'B'): string =>
  weight.replace(/\.weight$/, `.lora_${part}.weight`);

/** The adapters of a weight, where the model has some beside it: A is [rank, inputs], B [outputs, rank]. */
export function adapterOf(
  { lora }: ModelConfig,
  weight: string,
): { readonly a: string; readonly b: string; readonly scale: number } | undefined {
  const projection = weight.split('.').at(-2);
  if (!lora?.targets.some((target) => target === projection)) return undefined;
  return { a: loraName(weight, 'A'), b: loraName(weight, 'B'), scale: lora.alpha / lora.rank };
}

/**
 * Name to shape of every parameter, in the model's order; `lm_head.weight` only where untied, and
 * adapters last.
 */
export function parameterShapes(config: ModelConfig): Map<string, readonly number[]> {
  const { vocab, width, intermediate, headDim } = config;
  const queryWidth = config.heads * headDim;
  const keyWidth = config.kvHeads * headDim;
  const shapes = new Map<string, readonly number[]>();
  shapes.set('model.embed_tokens.weight', [vocab, width]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    shapes.set(`${prefix}.input_layernorm.weight`, [width]);
    for (const [projection, outputs] of [
      ['q_proj', queryWidth],
      ['k_proj', keyWidth],
      ['v_proj', keyWidth],
    ] as const) {
      shapes.set(`${prefix}.self_attn.${projection}.weight`, [outputs, width]);
      if (config.qkvBias) shapes.set(`${prefix}.self_attn.${projection}.bias`, [outputs]);
    }
    if (config.qkNorm) {
      shapes.set(`${prefix}.self_attn.q_norm.weight`, [headDim]);
      shapes.set(`${prefix}.self_attn.k_norm.weight`, [headDim]);
    }
    shapes.set(`${prefix}.self_attn.o_proj.weight`, [width, queryWidth]);
    shapes.set(`${prefix}.post_attention_layernorm.weight`, [width]);
    shapes.set(`${prefix}.mlp.gate_proj.weight`, [intermediate, width]);
    shapes.set(`${prefix}.mlp.up_proj.weight`, [intermediate, width]);
    shapes.set(`${prefix}.mlp.down_proj.weight`, [width, intermediate]);
  }
  shapes.set('model.norm.weight', [width]);
  if (!config.tieEmbeddings) shapes.set('lm_head.weight', [vocab, width]);
  if (config.lora)
    for (const [name, [outputs = 1, inputs = 1]] of [...shapes]) {
      const adapter = adapterOf(config, name);
      if (!adapter || !name.endsWith('.weight')) continue;
      shapes.set(adapter.a, [config.lora.rank, inputs]);
      shapes.set(adapter.b, [outputs, config.lora.rank]);
    }
  return shapes;
}

/** Buffers that old checkpoints hold and that follow from the config. */
const KNOWN_BUFFER = /(^|\.)rotary_emb\.inv_freq$/;

/** At most eight of them, then how many more. */
function list(items: readonly string[]): string {
  const shown = items.slice(0, 8).join(', ');
  return items.length > 8 ? `${shown} and ${items.length - 8} more` : shown;
}

/**
 * Checks that `tensors` are the parameters of `config`: none missing, none of another shape, none
 * besides (known buffers and the copy of a tied embedding are let pass).
 *
 * @throws GlassboxError `model-tensors` that names them
 */
export function checkParameters(
  config: ModelConfig,
  tensors: ReadonlyMap<string, TensorInfo>,
): void {
  const shapes = parameterShapes(config);
  const missing = [...shapes.keys()].filter((name) => !tensors.has(name));
  const extra: string[] = [];
  const misshapen: string[] = [];
  for (const [name, { shape }] of tensors) {
    const expected = shapes.get(name);
    if (!expected) {
      const tiedCopy = name === 'lm_head.weight' && config.tieEmbeddings;
      if (!tiedCopy && !KNOWN_BUFFER.test(name)) extra.push(name);
    } else if (shape.length !== expected.length || shape.some((n, i) => n !== expected[i]))
      misshapen.push(`${name} is [${shape.join(', ')}] and should be [${expected.join(', ')}]`);
  }
  const faults = [
    ...(missing.length ? [`missing: ${list(missing)}`] : []),
    ...(misshapen.length ? [`of the wrong shape: ${list(misshapen)}`] : []),
    ...(extra.length ? [`not part of the model: ${list(extra)}`] : []),
  ];
  if (faults.length > 0)
    throw new GlassboxError(
      'model-tensors',
      `The weights do not fit config.json; ${faults.join('; ')}.`,
      {
        remedy: 'Check that config.json and the weights belong to the same model.',
        details: { missing, misshapen, extra },
      },
    );
}
