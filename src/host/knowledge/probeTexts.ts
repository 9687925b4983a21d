/** What a probe looks like in words: the same in the tree, in lists and in its tab. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ProbeSummary } from '../../protocol/knowledgeMessages';
import { countText } from '../formats';

/** A model as the list of models calls it; one that is in no list by its folder. */
export function modelName(folder: string, models: readonly ModelSummary[]): string {
  const known = models.find((model) => model.folder === folder);
  if (!known) return path.basename(folder);
  return known.run ? `${known.name}, ${vscode.l10n.t('step {0}', known.run.step)}` : known.name;
}

/** The model that was probed. */
export const probedModel = ({ model, asked }: ProbeSummary): string => asked?.model ?? model;

/** `answers, step 40 · 96 known, 88 made up, 26 others`. */
export function probeDescription(probe: ProbeSummary, models: readonly ModelSummary[]): string {
  const { known, unknown, refused, inconsistent } = probe.knowledge;
  const { l10n } = vscode;
  const parts = [
    ...(known > 0 ? [l10n.t('{0} known', countText(known))] : []),
    ...(unknown > 0 ? [l10n.t('{0} made up', countText(unknown))] : []),
    ...(refused > 0 ? [l10n.t('{0} refused', countText(refused))] : []),
    ...(inconsistent > 0 ? [l10n.t('{0} inconsistent', countText(inconsistent))] : []),
  ];
  return [modelName(probedModel(probe), models), parts.join(', ')].join(' · ');
}

/** What was asked about: `world, people that no conversation has`. */
export function aboutText({ asked }: ProbeSummary): string | undefined {
  if (!asked) return undefined;
  const { l10n } = vscode;
  const { kind, paths, split } = asked.about;
  const [first = '', ...others] = paths.map((each) => path.basename(each));
  const named = others.length > 0 ? l10n.t('{0} and {1} more', first, others.length) : first;
  switch (kind) {
    case 'tinyworld':
      return split === 'held-out'
        ? l10n.t('{0}: people and wordings of no conversation', named)
        : l10n.t('{0}: whom conversations may name', named);
    case 'questions':
      return named;
    case 'texts':
      return l10n.t('{0}, by a model', named);
    case 'probe':
      return l10n.t('as in {0}', named);
  }
}
