/** What can be done with models beside talking to them: export, delete, look in more folders. */
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { bytesText } from '../formats';
import { registerCommand } from '../problems';
import { folderIn } from '../runs/pickRun';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import { settings } from '../settings';
import { freeName, requireTrust, requireWorkFolders } from '../workspace';
import { liesIn } from './modelOrder';
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
    registerCommand(log, 'glassbox.addModelFolder', () => addModelFolder(services)),
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
  await services.models.refresh();
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

/** Folders without a model are refused: nobody could tell why nothing is listed. */
async function addModelFolder({ engine, models }: Services): Promise<void> {
  requireTrust();
  const { l10n, window, workspace } = vscode;
  const chosen = await window.showOpenDialog({
    title: l10n.t('Folders with Models'),
    openLabel: l10n.t('Add'),
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    defaultUri: vscode.Uri.file(homedir()),
  });
  if (!chosen) return;
  const folders = chosen.map(({ fsPath }) => fsPath);
  const found = await window.withProgress({ location: { viewId: 'glassbox.models' } }, async () =>
    (await engine.methods()).models({ folders }, new AbortController().signal),
  );
  const [first] = found;
  const holds = (folder: string): boolean =>
    found.some((model) => model.folder === folder || liesIn(model.folder, [folder]));
  const empty = folders.filter((folder) => !holds(folder));
  if (!first || empty.length > 0)
    throw new GlassboxError('no-model', l10n.t('There is no model in {0}.', empty.join(', ')), {
      remedy: l10n.t('A model is a folder with config.json and its weights (model.safetensors).'),
    });

  const configuration = workspace.getConfiguration('glassbox');
  const known = settings.modelFolders();
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const isWritten = configuration.inspect('models.folders')?.workspaceValue !== undefined;
  await configuration.update(
    'models.folders',
    [...settings.writtenModelFolders(), ...folders.filter((folder) => !known.includes(folder))],
    isWritten ? Workspace : Global,
  );
  await models.refresh();
  if (found.every(({ problem }) => problem !== undefined))
    throw new GlassboxError(
      'model-broken',
      l10n.t('"{0}" cannot be used: {1}', first.name, first.problem ?? ''),
    );
  await vscode.commands.executeCommand('glassbox.models.focus');
}
