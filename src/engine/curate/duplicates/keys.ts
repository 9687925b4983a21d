/** The first step: the keys by which a document is compared with the others. */
import type { CorpusRecipe } from '../../../recipe/corpus';
import { wordsOf } from '../stages/words';
import { fingerprint } from './keyFile';
import { openMinHash } from './minHash';
import { simplified } from './simplified';

/** The section of the texts' fingerprints; the bands follow. */
export const EXACT = 0;

/** How many keys a document has under a recipe. */
export function sectionsOf({ nearDuplicates }: CorpusRecipe): number {
  return 1 + (nearDuplicates.enabled ? nearDuplicates.bands : 0);
}

export type KeysOf = (document: {
  readonly text: string;
  readonly language: string | undefined;
}) => readonly (readonly [section: number, keys: Uint8Array])[];

/** What gives a document's keys, by the sections that they begin in. */
export async function openKeys({ exactDuplicates, nearDuplicates }: CorpusRecipe): Promise<KeysOf> {
  const bandKeys = nearDuplicates.enabled ? await openMinHash(nearDuplicates) : undefined;
  return ({ text, language }) => {
    const bands = bandKeys?.(wordsOf(simplified(text), language));
    return [
      ...(exactDuplicates.enabled ? [[EXACT, fingerprint(text)] as const] : []),
      ...(bands ? [[EXACT + 1, bands] as const] : []),
    ];
  };
}
