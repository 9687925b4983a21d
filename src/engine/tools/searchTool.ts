/** Search in a folder as a tool: the index is made when the first question comes. */
import path from 'node:path';
import { readDocuments } from '../data/data';
import { PassageIndex, passagesOf } from './search';
import type { Tool } from './tool';

/** Characters that are indexed at most: some ten times as many bytes of memory. */
const MOST_TEXT = 32 * 2 ** 20;

export interface SearchOptions {
  /** Passages that an answer quotes. Default: 2. */
  readonly quoted?: number;
  readonly mostText?: number;
}

/** @param folder a folder, a file or a corpus, as for training */
export function searchTool(folder: string, options: SearchOptions = {}): Tool {
  const { quoted = 2, mostText = MOST_TEXT } = options;
  let made: Promise<Made> | undefined;
  return {
    name: 'search',
    description: `quotes the passages of ${path.basename(folder)} that say most about some words`,
    input: { name: 'query', description: 'the words to look for' },
    async run(input, signal) {
      // What failed or was given up is tried anew.
      made ??= readIndex(folder, mostText, signal).catch((thrown: unknown) => {
        made = undefined;
        throw thrown;
      });
      const { index, whole } = await made;
      const hits = index.search(input, quoted);
      const found = hits.map(({ source, text }) => `${source}: "${text}"`);
      const bound = whole ? [] : ['(only the beginning of the texts was searched)'];
      return [...(found.length > 0 ? found : ['nothing found']), ...bound].join('\n');
    },
  };
}

interface Made {
  readonly index: PassageIndex;
  readonly whole: boolean;
}

async function readIndex(folder: string, most: number, signal: AbortSignal): Promise<Made> {
  const index = new PassageIndex();
  let length = 0;
  for await (const { text, source: place } of readDocuments([folder], { signal })) {
    if (length + text.length > most) return { index, whole: false };
    length += text.length;
    const inside = place.startsWith(folder) ? place.slice(folder.length) : place;
    const source = /^[/\\]/.test(inside) ? inside.slice(1) : path.basename(folder) + inside;
    for (const passage of passagesOf(text)) index.add({ source, text: passage });
  }
  return { index, whole: true };
}
