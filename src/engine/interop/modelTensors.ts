/**
 * The weights of a model's folder: one safetensors file, or several with an index.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { fileError, readTextIfPresent } from '../../base/files';
import { parseJsonFile } from './jsonFile';
import { openSafetensors, type SafetensorsFile } from './safetensorsFile';
import type { TensorInfo } from './safetensorsHeader';
import type { TensorSource } from './tensorSource';

/** The names of files that hold weights, in a format that is read here or an older one that isn't. */
export const WEIGHT_FILE = /^(model.*\.safetensors|pytorch_model.*\.bin)$/;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Several safetensors files as one source; each tensor from the file that the index names. */
class ShardedTensors implements TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #files: readonly SafetensorsFile[];
  readonly #fileOf: ReadonlyMap<string, SafetensorsFile>;

  constructor(files: readonly SafetensorsFile[], fileOf: ReadonlyMap<string, SafetensorsFile>) {
    this.#files = files;
    this.#fileOf = fileOf;
    this.tensors = new Map(
      [...fileOf].map(([name, file]) => {
        const info = file.tensors.get(name);
        if (!info)
          throw new GlassboxError(
            'safetensors-index',
            `model.safetensors.index.json says that ${name} is in ${file.path}, but it is not.`,
            { remedy: 'Copy or download the folder again.' },
          );
        return [name, info];
      }),
    );
  }

  async readF32(name: string): Promise<Float32Array> {
    const file = this.#fileOf.get(name);
    if (!file) throw new GlassboxError('no-tensor', `There is no tensor named ${name}.`);
    return file.readF32(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

async function openSharded(folder: string, indexText: string): Promise<TensorSource> {
  const indexName = 'model.safetensors.index.json';
  const { weight_map: weightMap } = parseJsonFile(indexText, indexSchema, indexName);
  const files = new Map<string, SafetensorsFile>();
  const fileOf = new Map<string, SafetensorsFile>();
  try {
    for (const [name, fileName] of Object.entries(weightMap)) {
      if (path.basename(fileName) !== fileName || fileName.includes('\\'))
        throw new GlassboxError(
          'safetensors-index',
          `${indexName} names a file outside the folder: ${fileName}.`,
        );
      let file = files.get(fileName);
      if (!file) {
        file = await openSafetensors(path.join(folder, fileName));
        files.set(fileName, file);
      }
      fileOf.set(name, file);
    }
    return new ShardedTensors([...files.values()], fileOf);
  } catch (thrown) {
    await Promise.all([...files.values()].map((file) => file.close()));
    throw thrown;
  }
}

/**
 * Opens the weights of a folder: `model.safetensors`, or the shards that its index names.
 *
 * @throws GlassboxError `model-weights` if there are none, `safetensors-...` if they are damaged.
 */
export async function openModelTensors(folder: string): Promise<TensorSource> {
  const index = await readTextIfPresent(path.join(folder, 'model.safetensors.index.json'));
  if (index !== undefined) return openSharded(folder, index);
  const names = await readdir(folder).catch((thrown: unknown) => {
    throw fileError(thrown, 'read', folder);
  });
  if (names.includes('model.safetensors'))
    return openSafetensors(path.join(folder, 'model.safetensors'));
  const pickle = names.find((name) => /^pytorch_model.*\.(bin|json)$/.test(name));
  throw new GlassboxError(
    'model-weights',
    pickle === undefined
      ? `${folder} holds no weights: neither model.safetensors nor model.safetensors.index.json is there.`
      : `${folder} holds its weights only as a pickle (${pickle}), which is not read because it can run code.`,
    {
      remedy:
        pickle === undefined
          ? 'Choose the folder that holds the weights.'
          : 'Convert them to safetensors first, for example with save_pretrained of transformers.',
    },
  );
}
