/** Tokenizers as people name them: a built-in one, a tokenizer.json, or a folder that holds one. */
import { existsSync } from 'node:fs';
import { GlassboxError, hasCode } from '../base/errors';
import {
  BUILTIN_TOKENIZERS,
  builtinTokenizer,
  readTokenizer,
  tokenizerFile,
} from './tokenizer/tokenizer';
import type { Tokenizer } from './tokenizer/tokenizer';

/** The last one opened stays: an editor asks for the same again and again. */
let last: { key: string; tokenizer: Tokenizer } | undefined;

/** Throws `tokenizer-unknown` for a name that is neither built in nor a file or folder. */
export async function openTokenizer(name: string): Promise<Tokenizer> {
  const builtin = BUILTIN_TOKENIZERS.find((each) => each === name);
  const found = builtin === undefined ? await fileNamed(name) : undefined;
  const key = JSON.stringify([name, found?.mtimeMs]);
  if (last?.key !== key) {
    const tokenizer = builtin ? await builtinTokenizer(builtin) : await readTokenizer(name);
    last = { key, tokenizer };
  }
  return last.tokenizer;
}

async function fileNamed(name: string): Promise<{ file: string; mtimeMs: number }> {
  try {
    return await tokenizerFile(name);
  } catch (thrown) {
    if (!hasCode(thrown, 'not-found') || existsSync(name)) throw thrown;
    throw new GlassboxError(
      'tokenizer-unknown',
      `${name} is neither a built-in tokenizer nor a file.`,
      { remedy: `Name one of ${BUILTIN_TOKENIZERS.join(', ')}, or the path of a tokenizer.json.` },
    );
  }
}
