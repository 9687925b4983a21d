/** A finished corpus on the disk: its recipe, its shards, and a document by its place among them. */
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { corpusSchema, type CorpusRecipe } from '../../recipe/corpus';
import { readCuratedCorpus, type CuratedCorpus } from '../data/data';
import { pickFromShard, type Shard } from './shards';
import type { StoredDocument } from './storedDocument';

export interface OpenCorpus {
  readonly index: CuratedCorpus;
  readonly recipe: CorpusRecipe;
  /** The kept ones first. */
  readonly shards: readonly Shard[];
}

/** @throws GlassboxError `not-a-corpus`, `corpus-damaged` */
export async function openCorpus(folder: string): Promise<OpenCorpus> {
  const index = await readCuratedCorpus(folder);
  if (!index)
    throw new GlassboxError('not-a-corpus', `${folder} holds no curated corpus.`, {
      remedy: 'Give the folder that `data curate` wrote, or let it finish first.',
      details: { path: folder },
    });
  const recipe = corpusSchema.parse(index['recipe']);
  return { index, recipe, shards: [...index.kept, ...index.dropped] };
}

/**
 * @param place the shard's name; the line, from 1
 * @throws GlassboxError `document-unknown`, `corpus-damaged`
 */
export async function documentAt(
  folder: string,
  { shards }: OpenCorpus,
  { shard, line }: { readonly shard: string; readonly line: number },
): Promise<StoredDocument> {
  if (shards.some(({ name }) => name === shard))
    for await (const found of pickFromShard(path.join(folder, shard), [line])) return found;
  throw unknownDocument(folder, shard, line);
}

export function unknownDocument(corpus: string, shard: string, line: number): GlassboxError {
  return new GlassboxError(
    'document-unknown',
    `${corpus} holds no document in line ${line} of ${shard}.`,
    { remedy: 'The corpus may have been made anew: choose the document again.' },
  );
}
