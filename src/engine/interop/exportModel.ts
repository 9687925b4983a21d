/**
 * A model's folder with the model in it and nothing else: what a run keeps beside (the optimizer's
 * state, the run's position) stays behind. Files are copied as they are.
 */
import { constants } from 'node:fs';
import { copyFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { atomicFolder, fileError, systemCodeOf } from '../../base/files';
import { readModelFolder } from './modelFolder';
import { WEIGHT_FILE } from './modelTensors';

/** What the ecosystem looks for in a model's folder. */
const MODEL_FILES: ReadonlySet<string> = new Set([
  ...['config.json', 'generation_config.json', 'model.safetensors.index.json'],
  ...['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'],
  ...['special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt'],
  ...['tokenizer.model', 'LICENSE', 'README.md'],
]);

/** Weights beside them in the older format would be the same once more. */
function belongs(name: string): boolean {
  return MODEL_FILES.has(name) || (WEIGHT_FILE.test(name) && !name.endsWith('.bin'));
}

/**
 * Copies the model in `folder` to `out`, whole or not at all. Gives the bytes written.
 *
 * @throws GlassboxError `folder-not-empty`, `cancelled`, and what is wrong with the model
 */
export async function exportModel(
  folder: string,
  out: string,
  signal?: AbortSignal,
): Promise<number> {
  const { tensors } = await readModelFolder(folder);
  await tensors.close();
  await refuseFull(out);
  const names = (await readdir(folder)).filter(belongs);
  let bytes = 0;
  await atomicFolder(out, async (temporary) => {
    for (const name of names) {
      throwIfAborted(signal);
      const file = path.join(folder, name);
      try {
        await copyFile(file, path.join(temporary, name), constants.COPYFILE_FICLONE);
        bytes += (await stat(file)).size;
      } catch (thrown) {
        throw fileError(thrown, 'copy', file);
      }
    }
  });
  return bytes;
}

async function refuseFull(out: string): Promise<void> {
  const there = await readdir(out).catch((thrown: unknown): string[] => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'write', out);
  });
  if (there.length === 0) return;
  throw new GlassboxError('folder-not-empty', `${out} is not empty.`, {
    remedy: 'Choose an empty folder, or one that is not there yet.',
    details: { path: out },
  });
}
