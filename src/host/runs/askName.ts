/** The question for a name, of a run and of whatever else becomes a file or a folder. */
import * as vscode from 'vscode';
import { input } from '../guide';
import type { Answer, Place } from '../guide';
import { isRunName } from './runPlan';

export function askName(
  place: Place,
  options: {
    readonly value: string;
    readonly prompt: string;
    readonly taken?: (name: string) => boolean;
  },
): Promise<Answer<string>> {
  const { value, prompt, taken } = options;
  return input(place, {
    value,
    prompt,
    problem: (name) => {
      if (!isRunName(name))
        return vscode.l10n.t(
          'Expected letters, digits, dots, dashes and underscores, at most 64, a letter or digit first.',
        );
      return taken?.(name) ? vscode.l10n.t('There is one of that name already.') : undefined;
    },
  });
}
