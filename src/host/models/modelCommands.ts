/** What can be done with models beside talking to them: export, delete, look in more folders. */
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { bytesText } from '../formats';
import { registerCommand } from '../problems';
import { folderIn } from '../runs/pickRun';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import { settings } from '../settings';
import { freeName, requireWorkFolders } from '../workspace';
import { ModelTree } from './modelTree';

export function registerModels(services: Services): vscode.Disposable {
  const { log, models } = services;
  const tree = new ModelTree(services);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('glassbox.models', {
      treeDataProvider: tree,
      showCollapseAll: true,
    }),
    models.onDidChange(() => tree.update()),
    registerCommand(log, 'glassbox.exportModel', (given) => exportModel(services, given)),
    registerCommand(log, 'glassbox.deleteModel', (given) => deleteModel(services, given)),
    registerCommand(log, 'glassbox.addModelFolder', addModelFolder),
  );
}

/** @param given a model's folder, or a run's, whose newest checkpoint is meant. */
async function exportModel(services: Services, given: unknown): Promise<void> {
  const { l10n, window } = vscode;
  const [work] = requireWorkFolders();
  const title = l10n.t('Export Model');
  const named = folderIn(given);
  const model =
    named === undefined
      ? (await services.models.choose(title))?.folder
      : (services.runs.get(named)?.checkpoints.at(-1)?.folder ?? named);
  if (model === undefined) return;
  const known = (await services.models.ready()).find(({ folder }) => folder === model);
  const name = path.basename(known?.name ?? model);
  const [into] =
    (await window.showOpenDialog({
      title: l10n.t('Export "{0}" into a New Folder In', name),
      openLabel: l10n.t('Export Here'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: work.uri,
    })) ?? [];
  if (!into) return;
  const inFolder = (each: string): string => path.join(into.fsPath, each);
  const out = inFolder(await freeName(name, inFolder));
  const { bytes } = await window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Exporting "{0}"', name),
      cancellable: true,
    },
    async (_, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      const methods = await services.engine.methods();
      return methods.exportModel({ model, out }, controller.signal);
    },
  );
  const reveal = l10n.t('Reveal');
  const answer = await window.showInformationMessage(
    l10n.t('"{0}" was exported to {1} ({2}).', name, out, bytesText(bytes)),
    reveal,
  );
  if (answer === reveal)
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(out));
}

async function deleteModel({ models }: Services, given: unknown): Promise<void> {
  requireWorkFolders();
  const folder = folderIn(given);
  if (folder === undefined) return;
  const toTrash = vscode.l10n.t('Move to Trash');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Delete the model "{0}"?', path.basename(folder)),
    { modal: true, detail: folder },
    toTrash,
  );
  if (answer !== toTrash) return;
  await moveToTrash(vscode.Uri.file(folder));
  await models.refresh();
}

async function addModelFolder(): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Folders with Models'),
    openLabel: vscode.l10n.t('Add'),
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    defaultUri: vscode.Uri.file(homedir()),
  });
  if (!chosen) return;
  const now = settings.modelFolders();
  const added = chosen.map(({ fsPath }) => fsPath).filter((folder) => !now.includes(folder));
  await vscode.workspace
    .getConfiguration('glassbox')
    .update('models.folders', [...now, ...added], vscode.ConfigurationTarget.Global);
}
