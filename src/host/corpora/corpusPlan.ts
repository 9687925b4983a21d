/** From a few answers to the recipe of a corpus, and how far making one has come. Pure. */
import type { CurateEvent } from '../../protocol/corpusMessages';
import { corpusSchema, type CorpusRecipe } from '../../recipe/corpus';

export interface CorpusPlan {
  readonly name: string;
  readonly sources: readonly string[];
  /** None: all are kept. */
  readonly languages: readonly string[];
  readonly format: 'jsonl' | 'parquet';
}

/** The recipe, defaults filled in. */
export function recipeOf({ name, sources, languages, format }: CorpusPlan): CorpusRecipe {
  return corpusSchema.parse({
    name,
    sources,
    language: { wanted: languages },
    output: { format },
  });
}

/** `en, DE` as codes; undefined where one is none. */
export function languagesIn(text: string): string[] | undefined {
  const codes = text
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
  return codes.every((code) => /^[a-z]{2,3}$/.test(code)) ? [...new Set(codes)] : undefined;
}

const PHASES = {
  filter: { from: 0, to: 80 },
  duplicates: { from: 80, to: 90 },
  write: { from: 90, to: 100 },
};

/** How much of the whole is done, in percent: filtering is most of the work. */
export function percentOf(event: Extract<CurateEvent, { kind: 'progress' }>): number {
  const { from, to } = PHASES[event.phase];
  const share = event.total === 0 ? 1 : Math.min(1, event.done / event.total);
  return from + (to - from) * share;
}

/** The reasons of drops, `<stage>.<reason>`, the most frequent first. */
export function ranked(dropped: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(dropped).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
