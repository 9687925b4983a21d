/** The question which text to learn from: this workspace's, chosen files or a folder, or the sample. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { bytesText } from '../formats';
import { BACK, pick } from '../guide';
import type { Answer, Place } from '../guide';
import { settings } from '../settings';

export interface TextChoice {
  readonly paths: 'sample' | readonly string[];
  /** What a run on it could be called. */
  readonly name: string;
}

export interface TextQuestion {
  /** What is asked, where the text is not to be learnt from. */
  readonly question?: string;
  /** Whether the sample is offered, too. */
  readonly sample?: boolean;
}

/** Files of the workspace that are text to read rather than data or programs. */
const TEXT_FILES = '**/*.{txt,md}';
const MOST_FILES = 2000;

interface TextItem extends vscode.QuickPickItem {
  readonly choose: () => Promise<TextChoice | undefined>;
}

/** @param offered the file or folder that a person began with, which is proposed first. */
export async function chooseText(
  place: Place,
  folder: vscode.WorkspaceFolder,
  offered: vscode.Uri | undefined,
  { question, sample = true }: TextQuestion = {},
): Promise<Answer<TextChoice>> {
  const { l10n, ThemeIcon } = vscode;
  const looking = workspaceText(folder);
  const items = (here: string): TextItem[] => [
    ...(offered ? [ofPaths(offered.fsPath)] : []),
    {
      label: l10n.t("This Workspace's Text"),
      iconPath: new ThemeIcon('root-folder'),
      detail: here,
      choose: async () => {
        const { files } = await looking;
        return files.length > 0 ? { paths: files, name: folder.name } : undefined;
      },
    },
    {
      label: l10n.t('Choose Files...'),
      iconPath: new ThemeIcon('files'),
      detail: l10n.t('Text files, or JSON Lines with a field "text"'),
      choose: () => browse(folder, { canSelectFiles: true, canSelectMany: true }),
    },
    {
      label: l10n.t('Choose a Folder...'),
      iconPath: new ThemeIcon('folder'),
      detail: l10n.t('Every text file in it'),
      choose: () => browse(folder, { canSelectFolders: true, canSelectFiles: false }),
    },
    ...(sample ? [sampleItem()] : []),
  ];
  for (;;) {
    const item = await pick<TextItem>(place, {
      placeHolder: question ?? l10n.t('Which text shall it learn from?'),
      // It has its place before it is known, so that no item moves under a person's hand.
      items: items(l10n.t('Looking for text files...')),
      fill: async (update) => update(items(describe(await looking))),
    });
    if (item === undefined || item === BACK) return item;
    const chosen = await item.choose();
    // A dialog that was left, or a workspace without text, leads back to the question.
    if (chosen) return chosen;
  }
}

function sampleItem(): TextItem {
  const { l10n, ThemeIcon } = vscode;
  return {
    label: l10n.t('Sample: Moby Dick'),
    iconPath: new ThemeIcon('book'),
    detail: l10n.t('A book that Glassbox brings along, to try things out'),
    choose: () => Promise.resolve({ paths: 'sample', name: 'moby-dick' }),
  };
}

function ofPaths(file: string): TextItem {
  return {
    label: path.basename(file),
    iconPath: new vscode.ThemeIcon('file'),
    detail: vscode.workspace.asRelativePath(file),
    choose: () => Promise.resolve(choiceOf([file])),
  };
}

function choiceOf(paths: readonly string[]): TextChoice {
  const first = paths[0] ?? '';
  return { paths, name: path.basename(first, path.extname(first)) };
}

interface WorkspaceText {
  readonly files: readonly string[];
  readonly bytes: number;
}

/** The workspace's files of text, but for empty ones: the engine refuses an empty file. */
async function workspaceText(folder: vscode.WorkspaceFolder): Promise<WorkspaceText> {
  const pattern = new vscode.RelativePattern(folder, TEXT_FILES);
  const passedOver = `**/{node_modules,.git,${settings.storageFolder(folder)}}/**`;
  const found = await vscode.workspace.findFiles(pattern, passedOver, MOST_FILES);
  const sizes = await Promise.all(
    found.map(({ fsPath }) =>
      stat(fsPath).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const files = found.map(({ fsPath }) => fsPath).filter((_, index) => sizes[index]! > 0);
  return { files: files.sort(), bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function describe({ files, bytes }: WorkspaceText): string {
  const { l10n, workspace } = vscode;
  const [first] = files;
  if (first === undefined) return l10n.t('There is no text file (.txt, .md) here');
  return files.length === 1
    ? l10n.t('{0}, {1}', workspace.asRelativePath(first), bytesText(bytes))
    : l10n.t('{0} text files (.txt, .md), {1}', files.length, bytesText(bytes));
}

async function browse(
  folder: vscode.WorkspaceFolder,
  options: vscode.OpenDialogOptions,
): Promise<TextChoice | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    ...options,
    defaultUri: folder.uri,
    title: vscode.l10n.t('Text to Learn From'),
    openLabel: vscode.l10n.t('Choose'),
  });
  return chosen && choiceOf(chosen.map(({ fsPath }) => fsPath));
}
