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

/** Tokenizers from files that stay open: an editor asks for the same few again and again. */
const KEPT = 4;
/** By name and time of change, the one asked longest ago first. */
const kept = new Map<string, Promise<Tokenizer>>();

/** Throws `tokenizer-unknown` for a name that is neither built in nor a file or folder. */
export async function openTokenizer(name: string): Promise<Tokenizer> {
  const builtin = BUILTIN_TOKENIZERS.find((each) => each === name);
  if (builtin !== undefined) return builtinTokenizer(builtin);
  const { file, mtimeMs } = await fileNamed(name);
  const key = JSON.stringify([file, mtimeMs]);
  const opening = kept.get(key) ?? readTokenizer(file);
  // Set anew, so that the order tells which was asked last.
  kept.delete(key);
  kept.set(key, opening);
  for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
  try {
    return await opening;
  } catch (thrown) {
    kept.delete(key);
    throw thrown;
  }
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
