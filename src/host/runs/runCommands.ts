/** What a person can do with runs: the commands, the tree, the status bar, the offers to resume. */
import path from 'node:path';
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { requireWorkFolders } from '../workspace';
import { registerOffers } from './offerResume';
import { folderIn, pickRun, pickRuns } from './pickRun';
import { foldersOf } from './targets';
import { registerRunStatus } from './runStatus';
import { RunTree } from './runTree';
import { isActive, isExtendable, isResumable } from './runView';
import type { RunView } from './runView';

export function registerRuns(services: Services): vscode.Disposable {
  const { log, runs } = services;
  const { l10n } = vscode;
  const command = (name: string, work: (...given: readonly unknown[]) => unknown) =>
    registerCommand(log, name, work);

  /** Does `work` to the run that the command is about, if there is one. */
  async function withRun(
    given: unknown,
    fits: (run: RunView) => boolean,
    work: (run: RunView) => Promise<unknown>,
  ): Promise<void> {
    requireWorkFolders();
    const run = await pickRun(runs, given, fits);
    if (run) await work(run);
  }

  const tree = new RunTree(runs);
  const view = vscode.window.createTreeView('glassbox.runs', { treeDataProvider: tree });
  const showCount = (): void => {
    const value = runs.list().filter(isActive).length;
    view.badge = value === 0 ? undefined : { value, tooltip: l10n.t('{0} in training', value) };
  };

  return vscode.Disposable.from(
    tree,
    view,
    runs.onDidChange(() => {
      tree.update();
      showCount();
      view.message = runs.problem() ?? '';
    }),
    registerRunStatus(runs),
    registerOffers(services),

    command('glassbox.newRun', async (given) => {
      const { newRun } = await import('./newRun');
      await newRun(services, given instanceof vscode.Uri ? given : undefined);
    }),
    command('glassbox.fineTune', async (given) => {
      const { fineTune } = await import('./fineTune');
      const named = given instanceof vscode.Uri ? undefined : folderIn(given);
      const model =
        named === undefined ? undefined : (runs.get(named)?.checkpoints.at(-1)?.folder ?? named);
      await fineTune(services, { model, data: given instanceof vscode.Uri ? given : undefined });
    }),
    command('glassbox.pauseRun', (given) =>
      withRun(given, isActive, ({ folder }) => runs.pause(folder)),
    ),
    command('glassbox.stopRun', (given) =>
      withRun(given, isActive, ({ folder }) => runs.stop(folder)),
    ),
    command('glassbox.resumeRun', (given) =>
      withRun(given, isResumable, ({ folder }) => runs.resume(folder)),
    ),
    command('glassbox.trainFurther', (given) =>
      withRun(given, isExtendable, async (run) => {
        const { trainFurther } = await import('./trainFurther');
        await trainFurther(runs, run);
      }),
    ),
    command('glassbox.compareRuns', async (given, selected) => {
      requireWorkFolders();
      const named = foldersOf(given, selected);
      const title = l10n.t('Compare Runs');
      const compared =
        named.length > 1 ? named : await pickRuns(runs, { title, chosen: named, many: true });
      if (compared.length > 0) await vscode.commands.executeCommand('glassbox.openRun', compared);
    }),
    command('glassbox.deleteRun', (given) =>
      withRun(
        given,
        (run) => !isActive(run) && run.state !== 'elsewhere',
        async (run) => {
          const toTrash = l10n.t('Move to Trash');
          const answer = await vscode.window.showWarningMessage(
            l10n.t('Delete the run "{0}"?', run.name),
            {
              modal: true,
              detail: l10n.t('Its checkpoints, its measurements and its samples go with it.'),
            },
            toTrash,
          );
          if (answer !== toTrash) return;
          await runs.delete(run.folder);
        },
      ),
    ),
    command('glassbox.openRunRecipe', (given) =>
      withRun(
        given,
        () => true,
        async ({ folder }) => {
          const file = vscode.Uri.file(path.join(folder, 'recipe.json'));
          await vscode.window.showTextDocument(file);
        },
      ),
    ),
    command('glassbox.reveal', async (given) => {
      const file = folderIn(given);
      if (file !== undefined)
        await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(file));
    }),
    command('glassbox.copyPath', async (given) => {
      const file = folderIn(given);
      if (file !== undefined) await vscode.env.clipboard.writeText(file);
    }),
    command('glassbox.refresh', async () => {
      requireWorkFolders();
      const { models, tokenizers, corpora, probes } = services;
      await Promise.all([runs, models, tokenizers, corpora, probes].map((each) => each.refresh()));
    }),
  );
}
