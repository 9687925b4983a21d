/** Tokenizers from the disk: a tokenizer.json, with the tokenizer_config.json beside it if there is one. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, readTextFile, readTextIfPresent } from '../../base/files';
import { parseTokenizerJson } from './readJson';
import type { Tokenizer } from './types';

/** The tokenizer.json that a path stands for: the file itself, or the one in that folder. */
export async function tokenizerFile(place: string): Promise<{ file: string; mtimeMs: number }> {
  try {
    const found = await stat(place);
    if (!found.isDirectory()) return { file: place, mtimeMs: found.mtimeMs };
    const file = path.join(place, 'tokenizer.json');
    return { file, mtimeMs: (await stat(file)).mtimeMs };
  } catch (thrown) {
    throw fileError(thrown, 'read the tokenizer in', place);
  }
}

/**
 * The tokenizer of a checkpoint, of a model folder or of a run, or a tokenizer.json of its own.
 *
 * @throws GlassboxError as `parseTokenizerJson`, or the file system's reason
 */
export async function readTokenizer(place: string): Promise<Tokenizer> {
  const { file } = await tokenizerFile(place);
  const config = path.join(path.dirname(file), 'tokenizer_config.json');
  return parseTokenizerJson(await readTextFile(file), file, await readTextIfPresent(config));
}
