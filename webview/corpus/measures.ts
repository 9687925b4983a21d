/** What is measured, in the order of the stages, with the rules that hold something against it. Pure. */
import type { SampledDocument } from '../../src/protocol/corpusMessages';
import { FILTER_RULES, FILTER_STAGES, type FilterStage } from '../../src/recipe/corpus';
import { thresholdIn, thresholdKey, type Settings } from '../../src/recipe/judging';
import { scaleOf, type Scale } from './scale';

export interface ShownRule {
  /** `<stage>.<setting>` */
  readonly key: string;
  readonly setting: string;
  readonly drops: 'above' | 'below';
  readonly share: boolean;
  readonly description: string;
}

export interface Measure {
  readonly stage: FilterStage;
  readonly name: string;
  readonly rules: readonly ShownRule[];
  readonly scale: Scale;
  /** The bar of each document of the sample; none where it was not measured. */
  readonly bins: readonly (number | undefined)[];
  readonly measured: number;
}

/** Every value that a rule is about and that was measured in the sample. */
export function measuresOf(
  documents: readonly SampledDocument[],
  settings: Settings,
): readonly Measure[] {
  return FILTER_STAGES.flatMap((stage) => {
    const names = [...new Set(FILTER_RULES[stage].map(({ measure }) => measure))];
    return names.flatMap((name): Measure[] => {
      const rules = FILTER_RULES[stage]
        .filter(({ measure }) => measure === name)
        .map((rule) => ({ ...rule, key: thresholdKey(stage, rule) }));
      const values = documents.map((document) => document.values[stage]?.[name]);
      const present = values.filter((value) => value !== undefined);
      if (present.length === 0) return [];
      const limits = rules.map(({ key, drops }) => ({
        threshold: thresholdIn(settings, key) ?? 0,
        drops,
      }));
      const isShare = rules.some(({ share }) => share);
      const scale = scaleOf(present, limits, isShare);
      const bins = values.map((value) => (value === undefined ? undefined : scale.binOf(value)));
      return [{ stage, name, rules, scale, bins, measured: present.length }];
    });
  });
}
