/**
 * Which files are datasets of conversations, told cheaply from their names and first lines. What their
 * forms are in full is the engine's knowledge; this decides only whether to ask it.
 */
import { open } from 'node:fs/promises';

/** Enough for the first record of nearly every dataset; of a longer one its first field is enough. */
const HEAD_BYTES = 1 << 16;

const isChatml = (name: string): boolean => /\.chatml$/i.test(name);
const isJsonl = (name: string): boolean => /\.jsonl$/i.test(name);
const isJson = (name: string): boolean => /\.json$/i.test(name);

export const mayBeDataset = (name: string): boolean =>
  isChatml(name) || isJsonl(name) || isJson(name);

/** The fields by which a record is one: all of a list. */
const FIELDS: readonly (readonly string[])[] = [
  ['messages'],
  ['conversations'],
  ['instruction', 'output'],
  ['question', 'answer'],
  ['prompt', 'completion'],
  ['prompt', 'response'],
];
const FIRST_FIELD = /^\s*\{\s*"(messages|conversations|instruction|question|prompt)"\s*:/;

/** @param head the beginning of the text, which may end anywhere. */
export function looksLikeDataset(name: string, head: string): boolean {
  if (isChatml(name)) return true;
  if (isJson(name)) return /^\s*\[/.test(head) && startsRecord(head.replace(/^\s*\[/, ''));
  return isJsonl(name) && head.split('\n', LOOKED_AT).some(isRecord);
}

/** Lines of JSON Lines that are looked at: the first may be the broken one. */
const LOOKED_AT = 8;

function isRecord(line: string): boolean {
  try {
    return hasFields(JSON.parse(line));
  } catch {
    return startsRecord(line);
  }
}

function startsRecord(text: string): boolean {
  const first = FIRST_FIELD.exec(text)?.[1];
  if (first === undefined) return false;
  const names = FIELDS.find(([name]) => name === first) ?? [];
  return names.every((name) => text.includes(`"${name}"`));
}

function hasFields(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string): boolean => Object.hasOwn(value, name);
  if (FIELDS.some((names) => names.every(has))) return true;
  // A tree of OASST.
  return 'prompt' in value && typeof value.prompt === 'object' && value.prompt !== null;
}

/** Whether the file on the disk looks like one; false where it can't be read. */
export async function isDatasetFile(file: string): Promise<boolean> {
  if (!mayBeDataset(file)) return false;
  if (isChatml(file)) return true;
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return looksLikeDataset(file, buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}
