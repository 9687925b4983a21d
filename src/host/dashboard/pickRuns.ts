/** Lets a person choose among the runs of the window's folders. */
import * as vscode from 'vscode';
import type { Runs } from '../runs/runs';

export interface PickOptions {
  readonly title: string;
  /** Folders that are not offered. */
  readonly without: readonly string[];
  readonly many: boolean;
}

/** The folders of the chosen runs; none where the person gave up. */
export async function pickRuns(
  runs: Runs,
  { title, without, many }: PickOptions,
): Promise<string[]> {
  if (runs.list().length === 0) await runs.refresh();
  const items = runs
    .list()
    .filter(({ folder }) => !without.includes(folder))
    .map(({ folder, name, step, steps, loss }) => ({
      folder,
      label: name,
      description: [
        vscode.l10n.t('step {0} of {1}', step, steps),
        ...(typeof loss === 'number' ? [vscode.l10n.t('loss {0}', loss.toFixed(3))] : []),
      ].join(' · '),
    }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(
      without.length > 0
        ? vscode.l10n.t('There is no other run in this window’s folders.')
        : vscode.l10n.t('Nothing has been trained in this window’s folders yet.'),
    );
    return [];
  }
  if (!many) {
    const picked = await vscode.window.showQuickPick(items, { title });
    return picked ? [picked.folder] : [];
  }
  // The page that asked may take the focus back: what was ticked so far shall not be lost by that.
  const options = { title, canPickMany: true, ignoreFocusOut: true } as const;
  const picked = await vscode.window.showQuickPick(items, options);
  return (picked ?? []).map(({ folder }) => folder);
}
