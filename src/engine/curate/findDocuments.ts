/** The documents of a corpus, kept and dropped, that some words occur in: for a list to choose from. */
import path from 'node:path';
import { throwIfAborted } from '../../base/errors';
import { openCorpus } from './openCorpus';
import { readShard } from './shards';
import type { StoredDocument } from './storedDocument';

export interface FoundDocument {
  readonly shard: string;
  /** From 1. */
  readonly line: number;
  readonly id: string;
  readonly url?: string | undefined;
  readonly title?: string | undefined;
  readonly tokens: number;
  /** How its text begins, in one line. */
  readonly start: string;
  /** `<stage>.<reason>` of one that was dropped. */
  readonly dropped?: string | undefined;
}

const START = 160;

/**
 * Reads the shards one after the other, the kept first, and stops when there are more than `limit`.
 *
 * @throws GlassboxError `not-a-corpus`, `corpus-damaged`, `cancelled`
 */
export async function findDocuments(
  corpus: string,
  { query, limit }: { readonly query: string; readonly limit: number },
  signal: AbortSignal,
): Promise<{ documents: FoundDocument[]; more: boolean }> {
  const { shards } = await openCorpus(corpus);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const documents: FoundDocument[] = [];
  for (const { name: shard } of shards) {
    let line = 0;
    for await (const document of readShard(path.join(corpus, shard))) {
      throwIfAborted(signal);
      line++;
      if (!matches(document, words)) continue;
      if (documents.length === limit) return { documents, more: true };
      documents.push(found(document, shard, line));
    }
  }
  return { documents, more: false };
}

const reasonOf = ({ drop }: StoredDocument): string | undefined =>
  drop && `${drop.stage}.${drop.reason}`;

function matches(document: StoredDocument, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { id, url, title, text } = document;
  const all = [id, url, title, reasonOf(document), text].join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}

function found(document: StoredDocument, shard: string, line: number): FoundDocument {
  const { id, url, title, tokens, text } = document;
  const start = startOf(text);
  return { shard, line, id, url, title, tokens, start, dropped: reasonOf(document) };
}

/** How a text begins, in one line. */
export function startOf(text: string): string {
  return text
    .slice(0, 4 * START)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, START);
}
