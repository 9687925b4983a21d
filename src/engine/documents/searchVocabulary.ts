/** A vocabulary, searched and read page by page. */
import type { Tokenizer } from '../tokenizer/tokenizer';
import { type ShownMerge, shownMerges } from './explainToken';

export interface VocabularyEntry {
  readonly id: number;
  /** For display. */
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly special: boolean;
  /** The last merge that made it; undefined for bytes and added tokens. */
  readonly merge: ShownMerge | undefined;
}

export interface VocabularyPage {
  /** Tokens of the vocabulary, and those that match. */
  readonly size: number;
  readonly matches: number;
  readonly entries: readonly VocabularyEntry[];
}

/**
 * The tokens that hold a text, in the order of their ids.
 *
 * @param query part of the tokens' text, in which `<0xE2>` means that byte, or an id; empty for all
 * @param skip of the matches, how many to pass over
 */
export function searchVocabulary(
  tokenizer: Tokenizer,
  { query, skip, limit }: { query: string; skip: number; limit: number },
): VocabularyPage {
  const wanted = bytesOf(query);
  const wantedId = /^\d+$/.test(query) ? Number(query) : -1;
  const special = new Set(tokenizer.specialTokens.values());
  const entries: VocabularyEntry[] = [];
  let size = 0;
  let matches = 0;
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    if (!tokenizer.hasToken(id)) continue;
    size++;
    if (id !== wantedId && !tokenizer.tokenIncludes(id, wanted)) continue;
    matches++;
    if (matches <= skip || entries.length === limit) continue;
    entries.push({
      id,
      text: tokenizer.tokenText(id),
      bytes: tokenizer.tokenBytes(id),
      special: special.has(id),
      merge: shownMerges(tokenizer, id).at(-1),
    });
  }
  return { size, matches, entries };
}

function bytesOf(query: string): Uint8Array {
  const parts = query.split(/<0x([0-9A-Fa-f]{2})>/);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part) : Buffer.of(Number.parseInt(part, 16)),
    ),
  );
}
