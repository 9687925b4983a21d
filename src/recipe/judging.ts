/**
 * Measured values against thresholds: whether a document is dropped, and by which rule. It needs no
 * text, so whoever has the values can judge again, with other thresholds and with stages switched off
 * or on, as often as he likes: the pipeline, an explanation, the corpus tab.
 */
import { FILTER_RULES, FILTER_STAGES, type CorpusRecipe, type FilterStage } from './corpus';
import type { NamedRule, Rule } from './corpusRules';

/** Thresholds, by `<stage>.<setting>`, and whether a stage judges at all, by `<stage>.enabled`. */
export type Settings = Readonly<Record<string, number | boolean>>;

export const thresholdKey = (stage: FilterStage, { setting }: Pick<NamedRule, 'setting'>): string =>
  `${stage}.${setting}`;

/** The stages that can be switched off. */
export const SWITCHED_STAGES = [
  ...FILTER_STAGES.filter((stage) => stage !== 'extraction'),
  'exactDuplicates',
  'nearDuplicates',
] as const;

export const switchKey = (stage: string): string => `${stage}.enabled`;

/** Every threshold and switch of a recipe. */
export function settingsOf(recipe: CorpusRecipe): Settings {
  const settings: Record<string, number | boolean> = {};
  for (const stage of SWITCHED_STAGES) settings[switchKey(stage)] = recipe[stage].enabled;
  for (const stage of FILTER_STAGES)
    for (const rule of FILTER_RULES[stage]) {
      const threshold: unknown = Reflect.get(recipe[stage], rule.setting);
      if (typeof threshold === 'number') settings[thresholdKey(stage, rule)] = threshold;
    }
  return settings;
}

/** Undefined where there is none of that name. */
export function thresholdIn(settings: Settings, key: string): number | undefined {
  const threshold = settings[key];
  return typeof threshold === 'number' ? threshold : undefined;
}

export const isOn = (settings: Settings, stage: string): boolean =>
  settings[switchKey(stage)] !== false;

/** A value that is equal to its threshold crosses nothing. */
export const crosses = (
  { drops }: Pick<Rule, 'drops'>,
  value: number,
  threshold: number,
): boolean => (drops === 'above' ? value > threshold : value < threshold);

export interface Crossing {
  readonly rule: NamedRule;
  readonly measured: number;
  readonly threshold: number;
}

/** The first threshold of a stage that is crossed. A value that was not measured crosses none. */
export function firstCrossing(
  stage: FilterStage,
  values: Readonly<Record<string, number>>,
  settings: Settings,
): Crossing | undefined {
  for (const rule of FILTER_RULES[stage]) {
    const measured = values[rule.measure];
    const threshold = thresholdIn(settings, thresholdKey(stage, rule));
    if (measured === undefined || threshold === undefined) continue;
    if (crosses(rule, measured, threshold)) return { rule, measured, threshold };
  }
  return undefined;
}

/** What the stages find in a text, whatever the ones before think of it. */
export interface Findings {
  /** By stage. */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By stage: reasons of a drop that no threshold is about. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Of the text that is left in the end. */
  readonly tokens: number;
}

/** Stages that change what later ones find, by what they say of a text or by what they cut of it. */
const CHANGING = ['language', 'c4'] as const;

/** Which of the changing stages are off, as `Measurement.without` has it; undefined where none is. */
export function withoutKey(off: (stage: 'language' | 'c4') => boolean): string | undefined {
  const names = CHANGING.filter(off);
  return names.length === 0 ? undefined : names.join('+');
}

/** What every stage finds in a document. */
export interface Measurement extends Findings {
  /** By stage: what a drop by a threshold is called, where not after the threshold. */
  readonly crossings: Readonly<Record<string, string>>;
  /** The last stage that could look at it, where not all could. */
  readonly end?: string | undefined;
  /** Of a copy: the stage that found it to be one, and its word for it. */
  readonly copy?: { readonly stage: string; readonly reason: string } | undefined;
  /** What is found with these stages off (`withoutKey`), where that is something else. */
  readonly without?: Readonly<Record<string, Findings>> | undefined;
  /** Whether the text before C4 can't be had any more: then it is seen as C4 has left it, or has not. */
  readonly asStored?: boolean | undefined;
}

export interface Verdict {
  readonly stage: string;
  readonly reason: string;
}

/** The reason of a drop where the stage that would decide has not seen the document. */
export const NOT_MEASURED = 'notMeasured';

/** What is found in it under these settings. */
export function findingsIn(document: Measurement, settings: Settings): Findings {
  const key = withoutKey((stage) => !isOn(settings, stage));
  return (key === undefined ? undefined : document.without?.[key]) ?? document;
}

/**
 * What a document is dropped for under these settings; undefined for one that is kept. Which documents
 * are copies is not looked into anew: one that was a copy stays it, as long as a stage looks for copies.
 */
export function judge(document: Measurement, settings: Settings): Verdict | undefined {
  const { crossings, end, copy } = document;
  const { values, reasons } = findingsIn(document, settings);
  if (reasons['source'] !== undefined) return { stage: 'source', reason: reasons['source'] };
  for (const stage of FILTER_STAGES) {
    if (isOn(settings, stage)) {
      const fixed = reasons[stage];
      if (fixed !== undefined) return { stage, reason: fixed };
      const crossing = firstCrossing(stage, values[stage] ?? {}, settings);
      if (crossing) return { stage, reason: crossings[stage] ?? crossing.rule.setting };
    }
    if (stage === end) return { stage, reason: NOT_MEASURED };
  }
  if (!copy) return undefined;
  const { stage, reason } = copy;
  if (isOn(settings, stage)) return { stage, reason };
  // Equal texts are alike as well.
  const isAlike = stage === 'exactDuplicates' && isOn(settings, 'nearDuplicates');
  return isAlike ? { stage: 'nearDuplicates', reason: 'similar' } : undefined;
}
