/**
 * Low-rank adapters (Hu and others, "LoRA: low-rank adaptation of large language models", 2021) on the
 * disk: a folder as PEFT writes and reads it, and merged into the weights that they stand beside.
 *
 * Not covered: adapters with dropout, with biases, of several ranks, or of other methods.
 */
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { atomicFile } from '../../base/files';
import type { ModelConfig } from '../../recipe/model';
import { adapterOf, parameterShapes } from './parameters';
import { openSafetensors } from './safetensorsFile';
import { writeSafetensors } from './safetensorsWriter';
import type { TensorSource } from './tensorSource';

/** PEFT names parameters by where they are below its wrapper. */
const PREFIX = 'base_model.model.';
const WEIGHTS = 'adapter_model.safetensors';
const EMBEDDINGS: ReadonlySet<string> = new Set(['model.embed_tokens.weight', 'lm_head.weight']);

/** What is learnt of a model with adapters. */
function learnt(config: ModelConfig): [string, readonly number[]][] {
  return [...parameterShapes(config)].filter(
    ([name]) =>
      name.includes('.lora_') || (config.lora?.embeddings === true && EMBEDDINGS.has(name)),
  );
}

/** The model with its adapters added to its weights, read one tensor at a time. */
export function withoutAdapters(
  config: ModelConfig,
  tensors: TensorSource,
): { readonly config: ModelConfig; readonly tensors: TensorSource } {
  const { lora, ...plain } = config;
  if (!lora) return { config, tensors };
  const shapes = parameterShapes(plain);
  const merged: TensorSource = {
    tensors: new Map([...tensors.tensors].filter(([name]) => shapes.has(name))),
    readF32: async (name) => {
      const weight = await tensors.readF32(name);
      const adapter = adapterOf(config, name);
      if (!adapter || !name.endsWith('.weight')) return weight;
      const [a, b] = [await tensors.readF32(adapter.a), await tensors.readF32(adapter.b)];
      const [outputs = 0, inputs = 0] = shapes.get(name) ?? [];
      for (let row = 0; row < outputs; row++)
        for (let k = 0; k < lora.rank; k++) {
          const factor = adapter.scale * b[row * lora.rank + k]!;
          for (let column = 0; column < inputs; column++)
            weight[row * inputs + column]! += factor * a[k * inputs + column]!;
        }
      return weight;
    },
    close: () => tensors.close(),
  };
  return { config: plain, tensors: merged };
}

/** Writes a folder that PEFT loads; `base` is where the weights beside which they stand lie. */
export async function writeAdapter(
  folder: string,
  config: ModelConfig,
  tensors: TensorSource,
  base: string,
): Promise<void> {
  const { lora } = config;
  if (!lora) throw new Error('A model without adapters has none to write');
  const shapes = parameterShapes(config);
  /** What is written under a name, and the parameter that it is. */
  const saved = new Map(learnt(config).map(([name]) => [name, name]));
  // A tied projection is looked for under its own name, too.
  const tied = lora.embeddings && config.tieEmbeddings;
  if (tied) saved.set('lm_head.weight', 'model.embed_tokens.weight');
  const heads = config.tieEmbeddings ? ['embed_tokens'] : ['embed_tokens', 'lm_head'];
  const description = {
    base_model_name_or_path: base,
    bias: 'none',
    // Else PEFT parts an embedding that is learnt from the output projection that it is.
    ensure_weight_tying: tied,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    modules_to_save: lora.embeddings ? heads : null,
    peft_type: 'LORA',
    r: lora.rank,
    target_modules: lora.targets,
    task_type: 'CAUSAL_LM',
  };
  const text = `${JSON.stringify(description, null, 2)}\n`;
  await atomicFile(path.join(folder, 'adapter_config.json'), text);
  await writeSafetensors(
    path.join(folder, WEIGHTS),
    [...saved].map(([name, source]) => ({
      name: PREFIX + name,
      shape: shapes.get(source) ?? [],
      dtype: 'F32' as const,
      data: () => tensors.readF32(source),
    })),
    { format: 'pt' },
  );
}

/**
 * What `writeAdapter` wrote, by the model's own names.
 *
 * @throws GlassboxError `adapter-misfit` where something is missing or of another shape
 */
export async function* readAdapter(
  folder: string,
  config: ModelConfig,
): AsyncGenerator<{ readonly name: string; readonly data: Float32Array }> {
  const file = await openSafetensors(path.join(folder, WEIGHTS));
  try {
    for (const [name, shape] of learnt(config)) {
      const found = file.tensors.get(PREFIX + name)?.shape;
      if (found?.join() !== shape.join())
        throw new GlassboxError(
          'adapter-misfit',
          `${file.path} should have ${name} of [${shape.join(', ')}], and has ${found ? `[${found.join(', ')}]` : 'none'}.`,
          { remedy: 'Go on with the adapters that the run began with (model.lora).' },
        );
      yield { name, data: await file.readF32(PREFIX + name) };
    }
  } finally {
    await file.close();
  }
}
