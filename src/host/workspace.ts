/** Whether this window has folders that can be worked in, and where Glassbox keeps its things there. */
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../base/errors';
import { keepOutOfGit } from '../base/gitIgnore';
import { settings } from './settings';

/** The folders on a disk that a person trusts; none where one of that doesn't hold. */
export function workFolders(): readonly vscode.WorkspaceFolder[] {
  if (!vscode.workspace.isTrusted) return [];
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
}

/** @throws GlassboxError `untrusted` */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new GlassboxError(
    'untrusted',
    vscode.l10n.t(
      'This folder is not trusted. Trust it first: training reads and writes its files.',
    ),
  );
}

/**
 * As `workFolders`, at least one.
 *
 * @throws GlassboxError `untrusted`, `no-folder`, `virtual-folder`
 */
export function requireWorkFolders(): readonly [
  vscode.WorkspaceFolder,
  ...vscode.WorkspaceFolder[],
] {
  const [first, ...others] = workFolders();
  if (first) return [first, ...others];
  const { l10n, workspace } = vscode;
  if ((workspace.workspaceFolders ?? []).length === 0)
    throw new GlassboxError(
      'no-folder',
      l10n.t('Open a folder first: Glassbox keeps its files there.'),
    );
  requireTrust();
  throw new GlassboxError(
    'virtual-folder',
    l10n.t('This folder is not on a disk. Training and models need one that is.'),
  );
}

/**
 * The folder to work in: the one that holds `uri`, else the only one, else the one that a person
 * picks; undefined where they pick none. Throws as `requireWorkFolders`.
 */
export async function chooseWorkFolder(
  uri?: vscode.Uri,
): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = requireWorkFolders();
  const holder = uri && vscode.workspace.getWorkspaceFolder(uri);
  if (holder && folders.includes(holder)) return holder;
  if (folders.length === 1) return folders[0];
  const placeHolder = vscode.l10n.t('Which folder shall hold it?');
  return vscode.window.showWorkspaceFolderPick({ placeHolder });
}

/** What is said of a file; in a workspace of several folders, after the name of the one it lies in. */
export function withRoot(file: string, text: string): string {
  const root = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file));
  return root && workFolders().length > 1 ? `${root.name} · ${text}` : text;
}

/** `.glassbox` of a workspace folder, which need not be there. */
export function storageOf(folder: vscode.Uri): string {
  return path.join(folder.fsPath, settings.storageFolder(folder));
}

/** Makes the storage folder where it isn't there, and keeps it out of git. */
export async function makeStorage(folder: vscode.Uri): Promise<string> {
  const storage = storageOf(folder);
  await mkdir(storage, { recursive: true });
  await keepOutOfGit(storage);
  return storage;
}

/** The name, or the first of `<name>-2`, `<name>-3`, ... whose file isn't there. */
export async function freeName(name: string, fileOf: (name: string) => string): Promise<string> {
  for (let number = 1; ; number++) {
    const numbered = number === 1 ? name : `${name}-${number}`;
    const taken = await access(fileOf(numbered)).then(
      () => true,
      () => false,
    );
    if (!taken) return numbered;
  }
}
