/** What a URI of the scheme `glassbox-corpus` names: a document of a corpus, or the page that it was made of. Pure. */

export const CORPUS_SCHEME = 'glassbox-corpus';

export interface Named {
  /** The text as it is in the corpus, or the page before anything was cut of it. */
  readonly kind: 'document' | 'page';
  readonly corpus: string;
  readonly shard: string;
  readonly line: number;
}

export interface UriParts {
  /** What the tab is called after. */
  readonly path: string;
  readonly query: string;
}

const LONGEST_NAME = 60;

/** @param title what the tab shows; what a path can't hold becomes a blank */
export function partsOf(named: Named, title: string): UriParts {
  const name = title
    .replace(/[\p{C}\p{Z}/\\?#%:*"<>|]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME)
    .trim();
  return { path: `/${name === '' ? named.kind : name}.txt`, query: JSON.stringify(named) };
}

/** Undefined for one that was not made here. */
export function namedBy(query: string): Named | undefined {
  let named: unknown;
  try {
    named = JSON.parse(query);
  } catch {
    return undefined;
  }
  if (typeof named !== 'object' || named === null) return undefined;
  if (!('kind' in named) || !('corpus' in named) || typeof named.corpus !== 'string')
    return undefined;
  const { corpus, kind } = named;
  if ((kind !== 'document' && kind !== 'page') || !('shard' in named) || !('line' in named))
    return undefined;
  const { shard, line } = named;
  if (typeof shard !== 'string' || typeof line !== 'number') return undefined;
  return { kind, corpus, shard, line };
}
