/** The question which conversations to learn from: the workspace's datasets, chosen files, a folder. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { bytesText } from '../formats';
import { BACK, pick } from '../guide';
import type { Answer, Place } from '../guide';
import { settings } from '../settings';
import { isDatasetFile } from './datasetFiles';

export interface DatasetChoice {
  readonly paths: readonly string[];
  /** What a run on it could be called. */
  readonly name: string;
}

const MOST_FILES = 500;

interface DatasetItem extends vscode.QuickPickItem {
  readonly choose: () => Promise<DatasetChoice | undefined>;
}

/** @param offered the file or folder that a person began with, which is proposed first. */
export async function chooseDataset(
  place: Place,
  folder: vscode.WorkspaceFolder,
  offered: vscode.Uri | undefined,
): Promise<Answer<DatasetChoice>> {
  const { l10n, ThemeIcon } = vscode;
  const found = await datasetsIn(folder);
  const items: DatasetItem[] = [
    ...(offered ? [itemOf(offered.fsPath)] : []),
    ...found
      .filter(({ file }) => file !== offered?.fsPath)
      .map(({ file, bytes }) => itemOf(file, bytes)),
    ...(found.length > 1 ? [allOf(found, folder)] : []),
    {
      label: l10n.t('Choose Files...'),
      iconPath: new ThemeIcon('files'),
      detail:
        found.length === 0
          ? l10n.t('There is no dataset here yet: .jsonl, .json or .chatml files of conversations')
          : l10n.t('.jsonl, .json or .chatml'),
      choose: () => browse(folder, { canSelectFiles: true, canSelectMany: true }),
    },
    {
      label: l10n.t('Choose a Folder...'),
      iconPath: new ThemeIcon('folder'),
      detail: l10n.t('Every dataset in it'),
      choose: () => browse(folder, { canSelectFolders: true, canSelectFiles: false }),
    },
  ];
  for (;;) {
    const item = await pick<DatasetItem>(place, {
      placeHolder: l10n.t('Which conversations shall it learn from?'),
      items,
    });
    if (item === undefined || item === BACK) return item;
    const chosen = await item.choose();
    // A dialog that was left leads back to the question.
    if (chosen) return chosen;
  }
}

interface Found {
  readonly file: string;
  readonly bytes: number;
}

function itemOf(file: string, bytes?: number): DatasetItem {
  return {
    label: path.basename(file),
    iconPath: new vscode.ThemeIcon('comment-discussion'),
    ...(bytes !== undefined && { description: bytesText(bytes) }),
    detail: vscode.workspace.asRelativePath(file),
    choose: () => Promise.resolve(choiceOf([file])),
  };
}

function allOf(found: readonly Found[], { name }: vscode.WorkspaceFolder): DatasetItem {
  const bytes = found.reduce((sum, each) => sum + each.bytes, 0);
  return {
    label: vscode.l10n.t('All {0} Datasets of the Workspace', found.length),
    iconPath: new vscode.ThemeIcon('root-folder'),
    description: bytesText(bytes),
    choose: () => Promise.resolve({ paths: found.map(({ file }) => file), name }),
  };
}

function choiceOf(paths: readonly string[]): DatasetChoice {
  const first = paths[0] ?? '';
  return { paths, name: path.basename(first, path.extname(first)) };
}

/** Recipes and settings are JSON, too: of `.json` files only what looks like a list of conversations. */
export async function datasetsIn(folder: vscode.WorkspaceFolder): Promise<readonly Found[]> {
  const pattern = new vscode.RelativePattern(folder, '**/*.{jsonl,json,chatml}');
  const passedOver = `**/{node_modules,.git,${settings.storageFolder(folder)}}/**`;
  const files = await vscode.workspace.findFiles(pattern, passedOver, MOST_FILES);
  const found: Found[] = [];
  for (const { fsPath: file } of files) {
    if (!(await isDatasetFile(file))) continue;
    const size = await stat(file).then(
      (about) => about.size,
      () => 0,
    );
    if (size > 0) found.push({ file, bytes: size });
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function browse(
  folder: vscode.WorkspaceFolder,
  options: vscode.OpenDialogOptions,
): Promise<DatasetChoice | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    ...options,
    defaultUri: folder.uri,
    title: vscode.l10n.t('Conversations to Learn From'),
    openLabel: vscode.l10n.t('Choose'),
  });
  return chosen && choiceOf(chosen.map(({ fsPath }) => fsPath));
}
