/** A desk on a labels file of this window: its files watched, joined to models and to who labels. */
import path from 'node:path';
import * as vscode from 'vscode';
import { draftsName, LabelFile } from '../../labels/labelFile';
import { logError } from '../problems';
import { Throttle } from '../runs/throttle';
import type { Services } from '../services';
import { makeStorage, storageOf } from '../workspace';
import { Desk } from './desk';
import { drafterOf, labellerOf, usableModels } from './labeller';

export interface OpenDesk {
  readonly desk: Desk;
  readonly uri: vscode.Uri;
  readonly folder: vscode.WorkspaceFolder;
  dispose(): void;
}

/** Milliseconds between two looks at files that change. */
const LOOK_EVERY = 200;
export const GUIDELINES = 'guidelines.md';

export function openDesk(
  services: Services,
  uri: vscode.Uri,
  folder: vscode.WorkspaceFolder,
): OpenDesk {
  const { log, models } = services;
  const guidelines = vscode.Uri.joinPath(uri, '..', GUIDELINES);
  const drafts = draftsFolderOf(uri, folder);
  const failed = (thrown: unknown): void => logError(log, thrown);
  const desk = new Desk({
    file: new LabelFile(uri.fsPath, drafts),
    guidelinesFile: guidelines.fsPath,
    nameOf: (file) => vscode.workspace.asRelativePath(file),
    labeller: () => labellerOf(services),
    model: () => drafterOf(services),
    hasModels: () => usableModels(services).length > 0,
    onUnread: failed,
  });
  const look = new Throttle(LOOK_EVERY, () => void desk.refresh().catch(failed));
  const lookAgain = (): void => look.ask();
  const patterns = [
    new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), path.basename(uri.fsPath)),
    new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), GUIDELINES),
    new vscode.RelativePattern(
      folder,
      `${path.relative(folder.uri.fsPath, drafts).split(path.sep).join('/')}/*.jsonl`,
    ),
  ];
  const watchers = patterns.flatMap((pattern) => {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    return [
      watcher,
      watcher.onDidChange(lookAgain),
      watcher.onDidCreate(lookAgain),
      watcher.onDidDelete(lookAgain),
    ];
  });
  models.ready().catch(failed);
  makeStorage(folder.uri)
    .then(() => desk.file.sweep())
    .catch(failed);
  const subscriptions = vscode.Disposable.from(
    look,
    ...watchers,
    models.onDidChange(() => desk.tell()),
  );
  return { desk, uri, folder, dispose: () => void subscriptions.dispose() };
}

/** Drafts are nobody else's business: they lie in the storage folder, which git doesn't see. */
export function draftsFolderOf(uri: vscode.Uri, folder: vscode.WorkspaceFolder): string {
  const name = path.relative(folder.uri.fsPath, uri.fsPath).split(path.sep).join('/');
  return path.join(storageOf(folder.uri), 'labels', draftsName(name));
}
