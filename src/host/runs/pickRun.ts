/** Which runs a command is about: those it was given, else the only one, else those that are picked. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { runDescription } from './runTexts';
import type { RunView } from './runView';
import type { Runs } from './runs';

/** The file or folder that a tree's item, a path or a URI stands for. */
export function folderIn(given: unknown): string | undefined {
  if (typeof given === 'string' && given !== '') return path.normalize(given);
  if (given instanceof vscode.Uri) return given.fsPath;
  if (typeof given !== 'object' || given === null) return undefined;
  if ('folder' in given) return folderIn(given.folder);
  return 'tokenizer' in given ? folderIn(given.tokenizer) : undefined;
}

/**
 * @param fits which runs the command is for.
 * @throws GlassboxError `no-run` where it was given none of the runs, or where no run fits.
 */
export async function pickRun(
  runs: Runs,
  given: unknown,
  fits: (run: RunView) => boolean = () => true,
): Promise<RunView | undefined> {
  const folder = folderIn(given);
  if (folder !== undefined) {
    const run = runs.get(folder);
    if (run) return run;
    throw new GlassboxError('no-run', vscode.l10n.t('There is no run in {0}.', folder));
  }
  const fitting = runs.list().filter(fits);
  if (fitting.length === 0)
    throw new GlassboxError('no-run', vscode.l10n.t('There is no run that this could be done to.'));
  if (fitting.length === 1) return fitting[0];
  const picked = await vscode.window.showQuickPick(fitting.map(itemOf), {
    placeHolder: vscode.l10n.t('Which run?'),
  });
  return picked?.run;
}

export interface PickOptions {
  readonly title: string;
  /** Folders of runs that are not offered. */
  readonly without?: readonly string[];
  /** Folders of runs that are ticked at first, where several can be chosen. */
  readonly chosen?: readonly string[];
  readonly many: boolean;
}

/** The folders of the runs that a person picks; none where they gave up, or where there is no run. */
export async function pickRuns(
  runs: Runs,
  { title, without = [], chosen = [], many }: PickOptions,
): Promise<string[]> {
  if (runs.list().length === 0) await runs.refresh();
  const items = runs
    .list()
    .filter(({ folder }) => !without.includes(folder))
    .map((run) => ({ ...itemOf(run), picked: chosen.includes(run.folder) }));
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
    return picked ? [picked.run.folder] : [];
  }
  // The page that asked may take the focus back: what was ticked so far shall not be lost by that.
  const options = { title, canPickMany: true, ignoreFocusOut: true } as const;
  const picked = await vscode.window.showQuickPick(items, options);
  return (picked ?? []).map(({ run }) => run.folder);
}

interface RunItem extends vscode.QuickPickItem {
  readonly run: RunView;
}

function itemOf(run: RunView): RunItem {
  return { run, label: run.name, description: runDescription(run) };
}
