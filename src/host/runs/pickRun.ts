/** Which run a command is about: the one it was given, else the only one, else the one that is picked. */
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

export interface RunItem extends vscode.QuickPickItem {
  readonly run: RunView;
}

export function itemOf(run: RunView): RunItem {
  return { run, label: run.name, description: runDescription(run) };
}
