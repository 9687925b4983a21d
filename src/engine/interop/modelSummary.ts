/**
 * What a model's folder holds, for a list of many: the config and the header of the weights are read,
 * their elements never. A model that can't be used is described as far as its files go, with the
 * reason.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../base/errors';
import { readTextIfPresent } from '../../base/files';
import { sizeOf } from '../graph/graph';
import { readChatTemplate, readModelConfig } from './modelFolder';
import { openModelTensors, WEIGHT_FILE } from './modelTensors';
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

/** Undefined where there is no such folder, or no longer. */
export async function summarizeModel(folder: string): Promise<ModelSummary | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  if (!names) return undefined;
  const weights = names.filter((name) => WEIGHT_FILE.test(name));
  const bytes = await Promise.all(weights.map((name) => sizeOnDisk(path.join(folder, name))));
  // Why it can't be read is told below.
  const text = await readTextIfPresent(path.join(folder, 'config.json')).catch(() => undefined);
  const plain = anyConfigSchema.parse(jsonOf(text ?? ''));
  const known = {
    architecture: plain.architectures?.[0] ?? plain.model_type ?? '',
    context: plain.max_position_embeddings ?? 0,
    vocab: plain.vocab_size ?? 0,
    bytes: bytes.reduce((sum, each) => sum + each, 0),
  };
  try {
    const config = await readModelConfig(folder);
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

/** Nothing for a link whose file is gone. */
async function sizeOnDisk(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
