/**
 * What a model's folder holds, for a list of many: the config and the header of the weights are read,
 * their elements never. A model that can't be used is described as far as its files go, with the
 * reason.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../base/errors';
import { fileError, readTextIfPresent } from '../../base/files';
import { sizeOf } from '../graph/graph';
import { parseModelConfig } from './modelConfig';
import { readChatTemplate } from './modelFolder';
import { openModelTensors } from './modelTensors';
import { checkParameters, parameterShapes } from './parameters';

export interface ModelSummary {
  /** `LlamaForCausalLM` and the like; empty where the config names none. */
  readonly architecture: string;
  readonly parameters: number;
  readonly context: number;
  readonly vocab: number;
  /** Of the weights, on the disk. */
  readonly bytes: number;
  /** Whether it has a chat template. */
  readonly chat: boolean;
  /** Why it can't be used. */
  readonly problem?: string;
}

/** Another architecture's config need not have the fields of ours. */
const anyConfigSchema = z
  .looseObject({
    architectures: z.array(z.string()).nullish().catch(undefined),
    model_type: z.string().optional().catch(undefined),
    vocab_size: z.int().nonnegative().optional().catch(undefined),
    max_position_embeddings: z.int().nonnegative().optional().catch(undefined),
  })
  .catch({});

/** Throws the file system's reason where the folder can't be read at all. */
export async function summarizeModel(folder: string): Promise<ModelSummary> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    throw fileError(thrown, 'read', folder);
  });
  const weights = names.filter((name) => /^(model|pytorch_model).*\.(safetensors|bin)$/.test(name));
  const sizes = await Promise.all(weights.map((name) => stat(path.join(folder, name))));
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
  const text = (await readTextIfPresent(path.join(folder, 'config.json'))) ?? '';
  const plain = anyConfigSchema.parse(jsonOf(text));
  const known = {
    architecture: plain.architectures?.[0] ?? plain.model_type ?? '',
    context: plain.max_position_embeddings ?? 0,
    vocab: plain.vocab_size ?? 0,
    bytes,
  };
  try {
    const { config } = parseModelConfig(text);
    const tensors = await openModelTensors(folder);
    await tensors.close();
    checkParameters(config, tensors.tensors);
    const chat = (await readChatTemplate(folder)) !== undefined;
    const { context, vocab } = config;
    const shapes = [...parameterShapes(config).values()];
    const parameters = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
    return { ...known, context, vocab, parameters, chat };
  } catch (thrown) {
    return { ...known, parameters: 0, chat: false, problem: messageOf(thrown) };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
