/** A document that was dropped as a copy, and the one that it is a copy of: where that is, how alike they are. */
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { similarity } from './duplicates/similarity';
import { documentAt, openCorpus } from './openCorpus';
import { readShard } from './shards';

export interface CopyOf {
  readonly shard: string;
  /** From 1. */
  readonly line: number;
  readonly id: string;
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  /** The share of their stretches of words that two texts have in common, 0 to 1. */
  readonly similarity: number;
}

/**
 * @throws GlassboxError `not-a-corpus`, `document-unknown`, `not-a-copy`, `cancelled`
 */
export async function findOriginal(
  corpus: string,
  place: { readonly shard: string; readonly line: number },
  signal: AbortSignal,
): Promise<CopyOf> {
  const opened = await openCorpus(corpus);
  const copy = await documentAt(corpus, opened, place);
  const of = copy.drop?.of;
  if (of === undefined)
    throw new GlassboxError('not-a-copy', `Document ${copy.id} was not dropped as a copy.`);
  const { shards, recipe } = opened;
  for (const { name } of shards) {
    let at = 0;
    for await (const document of readShard(path.join(corpus, name))) {
      throwIfAborted(signal);
      at++;
      if (document.id !== of) continue;
      const { id, title, url } = document;
      const alike = similarity(copy, document, recipe.nearDuplicates.words);
      return { shard: name, line: at, id, title, url, similarity: alike };
    }
  }
  throw new GlassboxError('document-unknown', `${corpus} holds no document ${of}.`, {
    remedy: 'Make the corpus again.',
  });
}
