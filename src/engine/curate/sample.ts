/**
 * A sample of a corpus's documents, kept and dropped, in which every stage has measured every document,
 * those too that the recipe has switched off: with it any threshold can be changed and any stage be
 * switched off or on, and who survives be told again without reading anything (`recipe/judging.ts`).
 *
 * All stages after the extraction measure its text, verdicts ignored and changes made. What was dropped up
 * to C4 is stored as the stage met it; of the rest, and of what was dropped for its address, the source is
 * read again. No threshold changes a text. Two stages that are off do: C4 cuts no lines then, and without a
 * language the words of some are cut otherwise; so what is found then is measured besides. What is judged
 * anew is what the pipeline itself would say.
 *
 * Not covered: copies, which are not looked for anew; pages that were too large to be looked at; documents
 * whose source is gone, or would have to be read as a whole, and which C4 has passed: they are judged as
 * they are stored.
 */
import path from 'node:path';
import { throwIfAborted } from '../../base/errors';
import { Rng } from '../../base/rng';
import {
  FILTER_RULES,
  FILTER_STAGES,
  type CorpusRecipe,
  type FilterStage,
} from '../../recipe/corpus';
import type { Findings, Measurement } from '../../recipe/judging';
import { builtinTokenizer, type Tokenizer } from '../tokenizer/tokenizer';
import type { RawDocument } from './document';
import { startOf } from './findDocuments';
import { openCorpus } from './openCorpus';
import { openPipeline, type Pipeline } from './pipeline';
import { pickFromShard } from './shards';
import { readSourceQuickly } from './sourceOf';
import { languageCrossing } from './stages/language';
import { personalDataCleaner } from './stages/pii';
import { hasNoSpaces } from './stages/words';
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
  /** As it is. */
  readonly recipe: CorpusRecipe;
  readonly readSource: (document: StoredDocument) => Promise<RawDocument | undefined>;
  /** With every stage. */
  readonly pipeline: Pipeline;
  readonly tokenizer: Tokenizer;
  readonly clean: (text: string) => string;
}

const isFilter = (stage: string): stage is FilterStage => Object.hasOwn(FILTER_RULES, stage);
const isThreshold = (stage: FilterStage, reason: string): boolean =>
  FILTER_RULES[stage].some(({ setting }) => setting === reason);

const stagesFrom = (stage: FilterStage): readonly FilterStage[] =>
  FILTER_STAGES.slice(FILTER_STAGES.indexOf(stage));

type Measured = Omit<SampledDocument, 'shard' | 'line' | 'id' | 'url' | 'title' | 'start'>;

function withEveryStage(recipe: CorpusRecipe): CorpusRecipe {
  const { language, gopherRepetition, gopherQuality, c4, fineweb } = recipe;
  const on = { enabled: true };
  return {
    ...recipe,
    url: { ...recipe.url, ...on },
    language: { ...language, ...on },
    gopherRepetition: { ...gopherRepetition, ...on },
    gopherQuality: { ...gopherQuality, ...on },
    c4: { ...c4, ...on },
    fineweb: { ...fineweb, ...on },
  };
}

async function measure(document: StoredDocument, tools: Tools): Promise<Measured> {
  const { drop, tokens, values } = document;
  const isAddressNew = drop?.stage !== 'source' && !tools.recipe.url.enabled;
  const ofAddress = isAddressNew ? tools.pipeline.measure(pageOf(document), ['url']) : undefined;
  // A lower threshold than the tab may ask for let in texts whose likeliest language is not wanted.
  const crossing = languageCrossing(document.language, tools.recipe.language);
  const known: Measured = {
    values: { ...values, ...ofAddress?.values },
    reasons: { ...ofAddress?.reasons },
    crossings: crossing ? { language: crossing } : {},
    tokens,
  };
  if (!drop) return measureText(known, document, tools);
  const { stage, reason } = drop;
  if (stage === 'source') return { ...known, reasons: { source: reason } };
  if (!isFilter(stage)) return measureText({ ...known, copy: { stage, reason } }, document, tools);
  const isFixed = !isThreshold(stage, reason);
  // It was seen by no other stage, and may be let in.
  if (stage === 'url') {
    const reasons = isFixed ? { [stage]: reason } : {};
    const source = await tools.readSource(document);
    if (!source) return { ...known, reasons, end: stage };
    const page = { ...pageOf(document), body: source.body, text: '' };
    return measureOn({ ...known, reasons }, page, stagesFrom('extraction'), tools);
  }
  if (stage === 'extraction' && reason !== 'minCharacters')
    return isFixed
      ? { ...known, reasons: { ...known.reasons, [stage]: reason } }
      : { ...known, end: stage };
  return measureText(known, document, tools);
}

/** The stored text is that of the last stage that changed it. */
const pageOf = ({ url, text, title, language }: StoredDocument): Page => ({
  ...{ url, text, title, language },
  body: { kind: 'decoded', text },
});

/** Of a document that has a text: with all stages that look at one. */
async function measureText(
  known: Measured,
  document: StoredDocument,
  tools: Tools,
): Promise<Measured> {
  const { drop, values } = document;
  const isCut = values['c4'] !== undefined && drop?.stage !== 'c4';
  const isCleaned = Object.values(values['pii'] ?? {}).some((replaced) => replaced > 0);
  let page: Page | undefined = pageOf(document);
  if (isCut || isCleaned) page = await extractedPage(document, tools);
  if (!page) {
    // What no threshold is about is told by no value: the stage's own word is all that is left of it.
    const fixed = drop && isFilter(drop.stage) && !isThreshold(drop.stage, drop.reason);
    const reasons = { ...known.reasons, ...(fixed && { [drop.stage]: drop.reason }) };
    return { ...known, reasons, asStored: true };
  }
  return measureOn(known, page, stagesFrom('language'), tools);
}

/** What the extraction gave of it. */
async function extractedPage(document: StoredDocument, tools: Tools): Promise<Page | undefined> {
  const source = await tools.readSource(document);
  if (!source) return undefined;
  const page = { ...pageOf(document), body: source.body, text: '' };
  const found = tools.pipeline.measure(page, ['extraction']);
  return found.end === undefined ? found.page : undefined;
}

function measureOn(
  known: Measured,
  page: Page,
  stages: readonly FilterStage[],
  { pipeline, tokenizer, clean }: Tools,
): Measured {
  const tokensOf = ({ text }: Page): number => tokenizer.encode(clean(text)).length;
  const found = pipeline.measure(page, stages);
  const reasons = { ...known.reasons, ...found.reasons };
  const crossings = { ...known.crossings, ...found.crossings };
  const values = { ...known.values, ...found.values };
  const all = { ...known, values, reasons, crossings, tokens: tokensOf(found.page) };
  const { end, uncut } = found;
  if (end !== undefined) return { ...all, end };

  const without: Record<string, Findings> = {};
  /** The findings with those of these stages in place of what is known of them. */
  const measureAgain = (from: Page, names: readonly FilterStage[]): Findings => {
    const again = pipeline.measure(from, names);
    const others = Object.entries(reasons).filter(
      ([stage]) => !names.some((each) => each === stage),
    );
    return {
      values: { ...values, ...again.values },
      reasons: { ...Object.fromEntries(others), ...again.reasons },
      tokens: tokensOf(again.page),
    };
  };
  const cuts = uncut.text !== found.page.text;
  if (cuts) without['c4'] = measureAgain(uncut, ['fineweb']);
  if (hasNoSpaces(uncut.language)) {
    const unknown = { ...uncut, language: undefined };
    const names = stagesFrom('gopherRepetition');
    without['language'] = measureAgain(unknown, names);
    without['language+c4'] = measureAgain(
      unknown,
      names.filter((name) => name !== 'c4'),
    );
  } else if (without['c4']) {
    without['language+c4'] = without['c4'];
  }
  return { ...all, without };
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
  const { index, recipe, shards } = await openCorpus(corpus);
  const total = shards.reduce((sum, { documents }) => sum + documents, 0);
  const numbers = chooseNumbers(total, options);
  yield { kind: 'start', recipe, documents: total, sampled: numbers.length };
  if (numbers.length === 0) return;

  const cleaner = recipe.pii.enabled ? personalDataCleaner(recipe.pii) : undefined;
  const tools: Tools = {
    recipe,
    readSource: (document) => readSourceQuickly(document, index, signal),
    pipeline: await openPipeline(withEveryStage(recipe)),
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
