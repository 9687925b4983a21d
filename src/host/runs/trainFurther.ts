/** "Train Further": asks how many steps more a run shall make, and goes on with it. */
import * as vscode from 'vscode';
import { BACK } from '../guide';
import type { Runs } from './runs';
import type { RunView } from './runView';

/** Fulfilled once the run goes on, and its tab shows it; or once a person wants no more of it. */
export async function trainFurther(
  runs: Runs,
  { folder, name, steps }: Pick<RunView, 'folder' | 'name' | 'steps'>,
): Promise<void> {
  const { askSteps } = await import('./runQuestions');
  const { l10n } = vscode;
  const place = { title: l10n.t('Train "{0}" Further', name), step: 1, of: 1 };
  const more = await askSteps(place, {
    value: steps,
    prompt: l10n.t('How many steps more? It was given {0}.', steps),
  });
  if (more === undefined || more === BACK) return;
  await runs.resume(folder, steps + more.steps);
  await vscode.commands.executeCommand('glassbox.openRun', folder);
}
