/**
 * Tokenizers as the settings name them: a built-in name, or the path of a tokenizer.json, absolute,
 * from the home folder (`~/`), or relative to a workspace folder.
 */
import { homedir } from 'node:os';
import path from 'node:path';

/** Those that need no file, and what people know them from. */
export const BUILTIN_TOKENIZERS: ReadonlyMap<string, string> = new Map([
  ['gpt2', 'GPT-2'],
  ['cl100k_base', 'GPT-4'],
  ['o200k_base', 'GPT-4o'],
]);

export const DEFAULT_TOKENIZER = 'gpt2';

export interface Place {
  /** Whether files of the workspace may be read. */
  readonly trusted: boolean;
  /** The workspace folder on the disk that relative paths start from, if there is one. */
  readonly folder: string | undefined;
}

/** What the engine takes for it; undefined where the place doesn't allow it or can't have it. */
export function resolveTokenizer(name: string, { trusted, folder }: Place): string | undefined {
  if (BUILTIN_TOKENIZERS.has(name)) return name;
  if (!trusted) return undefined;
  if (name.startsWith('~/')) return path.join(homedir(), name.slice(2));
  if (path.isAbsolute(name)) return name;
  return folder === undefined ? undefined : path.resolve(folder, name);
}

/** The other way: how the settings name it, relative where it lies in the folder. */
export function tokenizerSetting(tokenizer: string, folder: string | undefined): string {
  if (BUILTIN_TOKENIZERS.has(tokenizer) || folder === undefined) return tokenizer;
  const relative = path.relative(folder, tokenizer);
  const inside = !relative.startsWith('..') && !path.isAbsolute(relative);
  return inside ? relative.split(path.sep).join('/') : tokenizer;
}

/** For a person: the built-in name, or the file's name without what every such file is called. */
export function tokenizerLabel(tokenizer: string): string {
  if (BUILTIN_TOKENIZERS.has(tokenizer)) return tokenizer;
  const base = path.basename(tokenizer).replace(/\.?tokenizer\.json$/, '');
  return base === '' ? path.basename(path.dirname(tokenizer)) : base;
}

/** The tokenizer of a row of the tree; undefined where a command was given something else. */
export function tokenizerIn(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('tokenizer' in item)) return undefined;
  const { tokenizer } = item;
  return typeof tokenizer === 'string' ? tokenizer : tokenizerIn(tokenizer);
}
