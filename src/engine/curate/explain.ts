/** Why a document is in a corpus, or isn't: every stage's measured values against its thresholds. */
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { corpusSchema, FILTER_RULES, FILTER_STAGES, type CorpusRecipe } from '../../recipe/corpus';
import { crosses } from '../../recipe/judging';
import { readCuratedCorpus } from '../data/data';
import { openCorpus } from './openCorpus';
import { pickFromShard, readShard } from './shards';
import type { StoredDocument } from './storedDocument';

export interface ExplainedValue {
  readonly measure: string;
  readonly value: number;
  /** What the recipe holds it against, if anything. */
  readonly limits: readonly {
    readonly setting: string;
    readonly threshold: number;
    readonly drops: 'above' | 'below';
    readonly crossed: boolean;
  }[];
}

export interface Explanation {
  readonly document: StoredDocument;
  /** The shard that holds it, and the line, from 1. */
  readonly shard: string;
  readonly line: number;
  /** In the order of the stages; of the stages that looked at it. */
  readonly stages: readonly {
    readonly stage: string;
    readonly values: readonly ExplainedValue[];
  }[];
}

function explain(document: StoredDocument, recipe: CorpusRecipe): Explanation['stages'] {
  const stages = [...FILTER_STAGES, 'pii' as const];
  return stages.flatMap((stage) => {
    const values = document.values[stage];
    if (!values) return [];
    const rules = stage === 'pii' ? [] : FILTER_RULES[stage];
    return {
      stage,
      values: Object.entries(values).map(([measure, value]) => ({
        measure,
        value,
        limits: rules.flatMap(({ setting, drops, measure: of }) => {
          const threshold: unknown = Reflect.get(recipe[stage], setting);
          if (of !== measure || typeof threshold !== 'number') return [];
          const crossed = crosses({ drops }, value, threshold);
          return { setting, threshold, drops, crossed };
        }),
      })),
    };
  });
}

/**
 * The document that a source names as readDocuments does (`FOLDER/kept-00000.jsonl:17`), explained;
 * kept or dropped; undefined where that is no shard of a curated corpus, or the corpus is gone.
 */
export async function explainSource(
  source: string,
  signal: AbortSignal,
): Promise<Explanation | undefined> {
  const [, file, number] = /^(.*):(\d+)$/.exec(source) ?? [];
  if (file === undefined) return undefined;
  const folder = path.dirname(file);
  const index = await readCuratedCorpus(folder);
  if (!index) return undefined;
  const shard = [...index.kept, ...index.dropped].find(({ name }) => name === path.basename(file));
  if (!shard) return undefined;
  const recipe = corpusSchema.parse(index['recipe']);
  const line = Number(number);
  for await (const document of pickFromShard(file, [line])) {
    throwIfAborted(signal);
    return { document, shard: shard.name, line, stages: explain(document, recipe) };
  }
  return undefined;
}

/**
 * The documents of a corpus, kept or dropped, with this URL, id or record id.
 *
 * @throws GlassboxError `not-a-corpus`, `document-unknown`, `corpus-damaged`, `cancelled`
 */
export async function explainDocument(
  corpus: string,
  sought: string,
  signal: AbortSignal,
): Promise<Explanation[]> {
  const { recipe, shards } = await openCorpus(corpus);
  const found: Explanation[] = [];
  for (const { name } of shards) {
    let line = 0;
    for await (const document of readShard(path.join(corpus, name))) {
      throwIfAborted(signal);
      line++;
      if (![document.url, document.id, document.record].includes(sought)) continue;
      found.push({ document, shard: name, line, stages: explain(document, recipe) });
    }
  }
  if (found.length > 0) return found;
  throw new GlassboxError('document-unknown', `No document of ${corpus} is ${sought}.`, {
    remedy: 'Give a URL as the source has it, or an id from one of the shards.',
    details: { corpus, sought },
  });
}
