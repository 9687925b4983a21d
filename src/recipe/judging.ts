/**
 * Measured values against thresholds: whether a document is dropped, and by which rule. It needs no
 * text, so whoever has the values can judge again, with other thresholds, as often as he likes: the
 * pipeline, an explanation, the corpus tab.
 */
import { FILTER_RULES, FILTER_STAGES, type CorpusRecipe, type FilterStage } from './corpus';
import type { NamedRule, Rule } from './corpusRules';

/** By `<stage>.<setting>`. */
export type Thresholds = Readonly<Record<string, number>>;

export const thresholdKey = (stage: FilterStage, { setting }: Pick<NamedRule, 'setting'>): string =>
  `${stage}.${setting}`;

/** Every threshold of a recipe. */
export function thresholdsOf(recipe: CorpusRecipe): Thresholds {
  const thresholds: Record<string, number> = {};
  for (const stage of FILTER_STAGES)
    for (const rule of FILTER_RULES[stage]) {
      const threshold: unknown = Reflect.get(recipe[stage], rule.setting);
      if (typeof threshold === 'number') thresholds[thresholdKey(stage, rule)] = threshold;
    }
  return thresholds;
}

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
  thresholds: Thresholds,
): Crossing | undefined {
  for (const rule of FILTER_RULES[stage]) {
    const measured = values[rule.measure];
    const threshold = thresholds[thresholdKey(stage, rule)];
    if (measured === undefined || threshold === undefined) continue;
    if (crosses(rule, measured, threshold)) return { rule, measured, threshold };
  }
  return undefined;
}

/** What every stage finds in a document, whatever the ones before it think of it. */
export interface Measurement {
  /** By stage; a stage that is switched off finds nothing. */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By stage: reasons of a drop that no threshold is about. */
  readonly reasons: Readonly<Record<string, string>>;
  /** By stage: what a drop by a threshold is called, where not after the threshold. */
  readonly crossings: Readonly<Record<string, string>>;
  /** The last stage that could look at it, where not all could. */
  readonly end?: string | undefined;
  /** Of a copy: the stage that found it to be one, and its word for it. */
  readonly copy?: { readonly stage: string; readonly reason: string } | undefined;
}

export interface Verdict {
  readonly stage: string;
  readonly reason: string;
}

/** The reason of a drop where the stage that would decide has not seen the document. */
export const NOT_MEASURED = 'notMeasured';

/**
 * What a document is dropped for under these thresholds; undefined for one that is kept. Which documents
 * are copies is not looked into anew: one that was a copy stays it.
 */
export function judge(document: Measurement, thresholds: Thresholds): Verdict | undefined {
  const { values, reasons, crossings, end, copy } = document;
  if (reasons['source'] !== undefined) return { stage: 'source', reason: reasons['source'] };
  for (const stage of FILTER_STAGES) {
    const fixed = reasons[stage];
    if (fixed !== undefined) return { stage, reason: fixed };
    const crossing = firstCrossing(stage, values[stage] ?? {}, thresholds);
    if (crossing) return { stage, reason: crossings[stage] ?? crossing.rule.setting };
    if (stage === end) return { stage, reason: NOT_MEASURED };
  }
  return copy && { stage: copy.stage, reason: copy.reason };
}
