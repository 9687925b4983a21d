/** The question what a corpus shall be made of. */
import path from 'node:path';
import * as vscode from 'vscode';
import { pick } from '../guide';
import { BACK } from '../guide';
import type { Answer, Place } from '../guide';

export interface SourceChoice {
  readonly paths: readonly string[];
  /** What a corpus of it could be called. */
  readonly name: string;
}

interface SourceItem extends vscode.QuickPickItem {
  readonly choose: () => Promise<SourceChoice | undefined>;
}

/** @param offered the file or folder that a person began with, which is proposed first. */
export async function chooseSources(
  place: Place,
  folder: vscode.WorkspaceFolder,
  offered: vscode.Uri | undefined,
): Promise<Answer<SourceChoice>> {
  const { l10n, ThemeIcon } = vscode;
  const items: SourceItem[] = [
    ...(offered ? [ofPath(offered.fsPath)] : []),
    {
      label: l10n.t('This Workspace'),
      iconPath: new ThemeIcon('root-folder'),
      detail: l10n.t('Its pages and texts, but for what a .gitignore passes over'),
      choose: () => Promise.resolve({ paths: [folder.uri.fsPath], name: folder.name }),
    },
    {
      label: l10n.t('Choose Files...'),
      iconPath: new ThemeIcon('files'),
      detail: l10n.t('WARC and WET, HTML, text, Markdown, JSON Lines, Parquet'),
      choose: () => browse(folder, { canSelectFiles: true, canSelectMany: true }),
    },
    {
      label: l10n.t('Choose a Folder...'),
      iconPath: new ThemeIcon('folder'),
      detail: l10n.t('Every such file in it'),
      choose: () => browse(folder, { canSelectFolders: true, canSelectFiles: false }),
    },
  ];
  for (;;) {
    const item = await pick<SourceItem>(place, {
      placeHolder: l10n.t('What shall the corpus be made of?'),
      items,
    });
    if (item === undefined || item === BACK) return item;
    const chosen = await item.choose();
    // A dialog that was left leads back to the question.
    if (chosen) return chosen;
  }
}

function ofPath(file: string): SourceItem {
  return {
    label: path.basename(file),
    iconPath: new vscode.ThemeIcon('file'),
    detail: vscode.workspace.asRelativePath(file),
    choose: () => Promise.resolve(choiceOf([file])),
  };
}

function choiceOf(paths: readonly string[]): SourceChoice {
  return { paths, name: path.basename(paths[0] ?? '').replace(/(?<=.)\..*$/, '') };
}

async function browse(
  folder: vscode.WorkspaceFolder,
  options: vscode.OpenDialogOptions,
): Promise<SourceChoice | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    ...options,
    defaultUri: folder.uri,
    title: vscode.l10n.t('Sources of the Corpus'),
    openLabel: vscode.l10n.t('Choose'),
  });
  return chosen && choiceOf(chosen.map(({ fsPath }) => fsPath));
}
