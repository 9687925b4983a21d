/**
 * A sample of a corpus's documents, kept and dropped, in which every stage has measured every document:
 * with it any threshold can be changed, and who survives be told again without reading anything
 * (`recipe/judging.ts`).
 *
 * What was kept has all its values already. What was dropped is measured from the stage that dropped it
 * on, by its own and all later stages, verdicts ignored and changes made: its text is stored as that stage
 * met it, or, of a page whose address had too many soft words, read from the source. No threshold changes
 * a text, so what is judged anew is what the pipeline itself would say.
 *
 * Not covered: copies, which are not looked for anew; pages that were too large to be looked at.
 */
import path from 'node:path';
import { throwIfAborted } from '../../base/errors';
import { Rng } from '../../base/rng';
import {
  corpusSchema,
  FILTER_RULES,
  type CorpusRecipe,
  type FilterStage,
} from '../../recipe/corpus';
import type { Measurement } from '../../recipe/judging';
import { readCuratedCorpus } from '../data/data';
import { builtinTokenizer, type Tokenizer } from '../tokenizer/tokenizer';
import type { RawDocument } from './document';
import { startOf } from './findDocuments';
import { openPipeline, type Pipeline } from './pipeline';
import { notACorpus } from './readStatistics';
import { pickFromShard } from './shards';
import { readSourceQuickly } from './sourceOf';
import { languageCrossing } from './stages/language';
import { personalDataCleaner } from './stages/pii';
import type { Page } from './stages/stage';
import type { StoredDocument } from './storedDocument';

export interface SampledDocument extends Measurement {
  readonly shard: string;
  /** From 1. */
  readonly line: number;
  readonly id: string;
  readonly url?: string | undefined;
  readonly title?: string | undefined;
  /** How its text begins, in one line. */
  readonly start: string;
  /** Of the text that would be kept. */
  readonly tokens: number;
}

export type SampleEvent =
  | {
      readonly kind: 'start';
      readonly recipe: CorpusRecipe;
      /** In the corpus, and in the sample. */
      readonly documents: number;
      readonly sampled: number;
    }
  | { readonly kind: 'documents'; readonly documents: readonly SampledDocument[] };

export interface SampleOptions {
  /** Documents at most. */
  readonly size: number;
  readonly seed: number;
}

/** Documents told of at once. */
const BATCH = 50;

/** So many different numbers below `total`, in order, each as likely as the others (Floyd's method). */
function chooseNumbers(total: number, { size, seed }: SampleOptions): number[] {
  if (size >= total) return Array.from({ length: total }, (_, number) => number);
  const rng = new Rng(seed);
  const chosen = new Set<number>();
  for (let most = total - size; most < total; most++) {
    const number = rng.below(most + 1);
    chosen.add(chosen.has(number) ? most : number);
  }
  return [...chosen].sort((a, b) => a - b);
}

interface Tools {
  readonly recipe: CorpusRecipe;
  readonly readSource: (document: StoredDocument) => Promise<RawDocument | undefined>;
  readonly pipeline: Pipeline;
  readonly tokenizer: Tokenizer;
  readonly clean: (text: string) => string;
}

const isFilter = (stage: string): stage is FilterStage => Object.hasOwn(FILTER_RULES, stage);
const isThreshold = (stage: FilterStage, reason: string): boolean =>
  FILTER_RULES[stage].some(({ setting }) => setting === reason);

type Measured = Measurement & Pick<SampledDocument, 'tokens'>;

async function measure(document: StoredDocument, tools: Tools): Promise<Measured> {
  const { drop, text, title, language, url, tokens, values } = document;
  // A lower threshold than the tab may ask for let in texts whose likeliest language is not wanted.
  const crossing = languageCrossing(language, tools.recipe.language);
  const crossings: Record<string, string> = crossing ? { language: crossing } : {};
  const known: Measured = { values, reasons: {}, crossings, tokens };
  if (!drop) return known;
  const { stage, reason } = drop;
  if (!isFilter(stage))
    return stage === 'source'
      ? { ...known, reasons: { source: reason } }
      : { ...known, copy: { stage, reason } };
  const page = { url, body: { kind: 'decoded', text } as const, text, title, language };
  const isBounded = stage === 'extraction' && reason !== 'minCharacters';
  if (stage !== 'url' && !isBounded)
    return measureOn(known, page, stage === 'extraction' ? 'language' : stage, tools);
  if (!isThreshold(stage, reason)) return { ...known, reasons: { [stage]: reason } };
  const source = stage === 'url' ? await tools.readSource(document) : undefined;
  if (!source) return { ...known, end: stage };
  return measureOn(known, { ...page, body: source.body, text: '' }, 'extraction', tools);
}

function measureOn(
  known: Measured,
  page: Page,
  from: FilterStage,
  { pipeline, tokenizer, clean }: Tools,
): Measured {
  const found = pipeline.measure(page, from);
  const { reasons, crossings, end } = found;
  return {
    values: { ...known.values, ...found.values },
    ...{ reasons, end },
    crossings: { ...known.crossings, ...crossings },
    tokens: tokenizer.encode(clean(found.page.text)).length,
  };
}

/**
 * First what there is, then the documents, in the order of the corpus.
 *
 * @throws GlassboxError `not-a-corpus`, `corpus-damaged`, `cancelled`
 */
export async function* sampleCorpus(
  corpus: string,
  options: SampleOptions,
  signal: AbortSignal,
): AsyncGenerator<SampleEvent, void, void> {
  const index = await readCuratedCorpus(corpus);
  if (!index) throw notACorpus(corpus);
  const recipe = corpusSchema.parse(index['recipe']);
  const shards = [...index.kept, ...index.dropped];
  const total = shards.reduce((sum, { documents }) => sum + documents, 0);
  const numbers = chooseNumbers(total, options);
  yield { kind: 'start', recipe, documents: total, sampled: numbers.length };
  if (numbers.length === 0) return;

  const cleaner = recipe.pii.enabled ? personalDataCleaner(recipe.pii) : undefined;
  const tools: Tools = {
    recipe,
    readSource: (document) => readSourceQuickly(document, index, signal),
    pipeline: await openPipeline(recipe),
    tokenizer: await builtinTokenizer(recipe.output.tokenizer),
    clean: (text) => cleaner?.(text).text ?? text,
  };
  let batch: SampledDocument[] = [];
  let before = 0;
  for (const { name: shard, documents } of shards) {
    const lines = numbers
      .filter((number) => number >= before && number < before + documents)
      .map((number) => number - before + 1);
    before += documents;
    let at = 0;
    for await (const document of pickFromShard(path.join(corpus, shard), lines)) {
      throwIfAborted(signal);
      const { id, url, title } = document;
      const start = startOf(document.text);
      batch.push({
        shard,
        line: lines[at++]!,
        id,
        url,
        title,
        start,
        ...(await measure(document, tools)),
      });
      if (batch.length < BATCH) continue;
      yield { kind: 'documents', documents: batch };
      batch = [];
    }
  }
  yield { kind: 'documents', documents: batch };
}
