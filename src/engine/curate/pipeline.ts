/**
 * The filters in FineWeb's order, over one document: URL, extraction, language, Gopher repetition,
 * Gopher quality, C4, FineWeb. What compares documents with each other (exact copies, near copies) and
 * what changes those that are left (personal data) comes after, over the whole corpus: `curate.ts`.
 */
import type { CorpusRecipe, FilterStage } from '../../recipe/corpus';
import { firstCrossing, settingsOf, type Measurement, type Settings } from '../../recipe/judging';
import type { Drop, JudgedDocument, RawDocument, Unreadable, Values } from './document';
import { c4 } from './stages/c4';
import { extraction } from './stages/extraction';
import { fineweb } from './stages/fineweb';
import { gopherQuality } from './stages/gopherQuality';
import { gopherRepetition } from './stages/gopherRepetition';
import { language } from './stages/language';
import type { Finding, Page, Stage } from './stages/stage';
import { urlFilter } from './stages/urlFilter';

export interface Pipeline {
  judge(document: RawDocument): JudgedDocument;
  /**
   * What these stages, one after the other, find in a page, verdicts ignored and changes made. It ends
   * before its time where a page is too large to be looked at.
   */
  measure(page: Page, names: readonly FilterStage[]): MeasuredPage;
}

export interface MeasuredPage extends Pick<Measurement, 'reasons' | 'crossings'> {
  /** Before C4, and after the last stage. */
  readonly uncut: Page;
  readonly page: Page;
  readonly values: Partial<Record<FilterStage, Values>>;
  readonly end: FilterStage | undefined;
}

/** What a finding leads to: the stage's own reason, or the first threshold that is crossed. */
function dropFor(
  stage: FilterStage,
  { values, reason, crossing }: Finding,
  settings: Settings,
): Drop | undefined {
  if (reason !== undefined) return { stage, reason };
  const crossed = firstCrossing(stage, values, settings);
  if (!crossed) return undefined;
  if (crossing !== undefined) return { stage, reason: crossing };
  const { rule, measured, threshold } = crossed;
  return { stage, reason: rule.setting, measured, threshold };
}

/** @throws GlassboxError where a list of the recipe can't be read */
async function stagesOf(recipe: CorpusRecipe): Promise<Stage[]> {
  return [
    ...(recipe.url.enabled ? [await urlFilter(recipe.url)] : []),
    extraction(recipe.extraction),
    ...(recipe.language.enabled ? [await language(recipe.language)] : []),
    ...(recipe.gopherRepetition.enabled ? [gopherRepetition] : []),
    ...(recipe.gopherQuality.enabled ? [gopherQuality(recipe.gopherQuality)] : []),
    ...(recipe.c4.enabled ? [c4(recipe.c4)] : []),
    ...(recipe.fineweb.enabled ? [fineweb(recipe.fineweb)] : []),
  ];
}

/** The filters of a recipe, ready to judge. Throws where a list of the recipe can't be read. */
export async function openPipeline(recipe: CorpusRecipe): Promise<Pipeline> {
  const stages = await stagesOf(recipe);
  const settings = settingsOf(recipe);
  const slow = new Set(recipe.extraction.slow);
  return {
    measure: (first, names) => {
      let page = first;
      let uncut: Page | undefined;
      const values: Partial<Record<FilterStage, Values>> = {};
      const reasons: Record<string, string> = {};
      const crossings: Record<string, string> = {};
      for (const stage of stages) {
        const { name } = stage;
        if (!names.includes(name)) continue;
        const finding = stage.measure(page);
        values[name] = finding.values;
        if (finding.reason !== undefined) reasons[name] = finding.reason;
        if (finding.crossing !== undefined) crossings[name] = finding.crossing;
        if (name === 'c4') uncut = page;
        page = { ...page, ...finding.change };
        // Beyond the bounds on a page nothing is made of it.
        if (name === 'extraction' && !finding.change)
          return { page, uncut: page, values, reasons, crossings, end: name };
      }
      return { page, uncut: uncut ?? page, values, reasons, crossings, end: undefined };
    },
    judge: (document) => {
      if (slow.has(document.id)) return tooSlowDocument(document);
      const { body, ...head } = document;
      let page: Page = { url: head.url, body, text: '', title: undefined, language: undefined };
      const values: Partial<Record<FilterStage, Values>> = {};
      let drop: Drop | undefined;
      for (const stage of stages) {
        const finding = stage.measure(page);
        values[stage.name] = finding.values;
        drop = dropFor(stage.name, finding, settings);
        // A dropped document keeps the text that it was dropped for.
        if (!drop || stage.name !== 'c4') page = { ...page, ...finding.change };
        if (drop) break;
      }
      const { text, title, language: spoken } = page;
      return { ...head, title, language: spoken, text, values, drop };
    },
  };
}

/** A page that is known to take for ever, or more memory than there is. */
export function tooSlowDocument({ id, origin, url, date }: RawDocument): JudgedDocument {
  const head = { id, origin, url, date };
  const drop = { stage: 'extraction', reason: 'tooSlow' } as const;
  return { ...head, title: undefined, language: undefined, text: '', values: {}, drop };
}

/** A record that could not be read, among the judged. */
export function unreadableDocument({ reason, ...head }: Unreadable): JudgedDocument {
  const drop = { stage: 'source', reason } as const;
  return { ...head, title: undefined, language: undefined, text: '', values: {}, drop };
}
