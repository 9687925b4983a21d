/** Tokenizers as people name them: a built-in one, a tokenizer.json, or a folder that holds one. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../base/errors';
import { fileError } from '../base/files';
import { BUILTIN_TOKENIZERS, builtinTokenizer, parseTokenizerJson } from './tokenizer/tokenizer';
import type { Tokenizer } from './tokenizer/tokenizer';

/** The last one opened stays: an editor asks for the same again and again. */
let last: { key: string; tokenizer: Tokenizer } | undefined;

/** Throws `tokenizer-unknown` for a name that is neither built in nor a file or folder. */
export async function openTokenizer(name: string): Promise<Tokenizer> {
  const builtin = BUILTIN_TOKENIZERS.find((each) => each === name);
  const file = builtin === undefined ? await fileOf(name) : undefined;
  const key = JSON.stringify([name, file?.mtimeMs]);
  if (last?.key !== key) {
    const tokenizer = builtin ? await builtinTokenizer(builtin) : await read(file?.path ?? name);
    last = { key, tokenizer };
  }
  return last.tokenizer;
}

async function fileOf(name: string): Promise<{ path: string; mtimeMs: number }> {
  const found = await stat(name).catch(() => undefined);
  if (!found) {
    throw new GlassboxError(
      'tokenizer-unknown',
      `${name} is neither a built-in tokenizer nor a file.`,
      { remedy: `Name one of ${BUILTIN_TOKENIZERS.join(', ')}, or the path of a tokenizer.json.` },
    );
  }
  if (!found.isDirectory()) return { path: name, mtimeMs: found.mtimeMs };
  const inside = path.join(name, 'tokenizer.json');
  try {
    return { path: inside, mtimeMs: (await stat(inside)).mtimeMs };
  } catch (thrown) {
    throw fileError(thrown, 'read', inside);
  }
}

async function read(file: string): Promise<Tokenizer> {
  try {
    const configFile = path.join(path.dirname(file), 'tokenizer_config.json');
    const configText = await readFile(configFile, 'utf8').catch(() => undefined);
    return parseTokenizerJson(await readFile(file, 'utf8'), file, configText);
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}
