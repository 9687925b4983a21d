/** Finding a labels file or making the first one, and the guidelines beside it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { atomicFile, fileError, readTextIfPresent, systemCodeOf } from '../../base/files';
import type { Services } from '../services';
import { chooseWorkFolder, requireWorkFolders } from '../workspace';
import { VIEW } from './deskEditor';
import { LABEL_FILES, UNUSED } from './labelTree';
import { STARTING_GUIDELINES } from './startingGuidelines';

/** Where the first desk is made, in the workspace folder. */
const FOLDER = 'labels';
const ATTRIBUTES = '*.labels.jsonl text eol=lf merge=union';

/** Opens the file that is given, the only one there is, the one that is picked, or a new one. */
export async function openLabellingDesk(_: Services, given: unknown): Promise<void> {
  requireWorkFolders();
  const uri = given instanceof vscode.Uri ? given : await chooseFile();
  if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, VIEW);
}

/** A desk more, under a name that a person gives. */
export async function newLabellingDesk(): Promise<void> {
  const uri = await makeFile();
  if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, VIEW);
}

async function chooseFile(): Promise<vscode.Uri | undefined> {
  const { l10n, window, workspace } = vscode;
  const found = await workspace.findFiles(LABEL_FILES, UNUSED);
  if (found.length === 0) return makeFile();
  if (found.length === 1) return found[0];
  const files = found
    .map((uri) => ({ uri, label: workspace.asRelativePath(uri) }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const another = { uri: undefined, label: l10n.t('$(add) New Labels File...') };
  const picked = await window.showQuickPick([...files, another], {
    placeHolder: l10n.t('Which labels?'),
  });
  return picked && (picked.uri ?? makeFile());
}

export const labelsFileIn = ({ uri }: vscode.WorkspaceFolder, name: string): vscode.Uri =>
  vscode.Uri.joinPath(uri, FOLDER, `${name}.labels.jsonl`);

async function makeFile(): Promise<vscode.Uri | undefined> {
  const { l10n, window } = vscode;
  const folder = await chooseWorkFolder();
  if (!folder) return undefined;
  const fileOf = (name: string): vscode.Uri => labelsFileIn(folder, name);
  const name = await window.showInputBox({
    title: l10n.t('New Labelling Desk'),
    prompt: l10n.t('What shall the labels be called? They are kept in {0}/.', FOLDER),
    value: 'answers',
    validateInput: async (value) => {
      if (!/^[\w-]{1,60}$/.test(value)) return l10n.t('Use letters, digits, - and _.');
      const there = await readTextIfPresent(fileOf(value).fsPath);
      return there === undefined ? undefined : l10n.t('There is such a file already.');
    },
  });
  if (name === undefined) return undefined;
  const uri = fileOf(name);
  await atomicFile(uri.fsPath, '');
  await tellGit(path.dirname(uri.fsPath));
  return uri;
}

/** Lines that two people added are both kept when git merges; their order says nothing. */
export async function tellGit(folder: string): Promise<void> {
  const file = path.join(folder, '.gitattributes');
  const before = (await readTextIfPresent(file)) ?? '';
  if (before.split(/\r?\n/).includes(ATTRIBUTES)) return;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await atomicFile(file, `${before}${gap}${ATTRIBUTES}\n`);
}

/** Guidelines to begin with, where there are none. */
export async function writeGuidelines(file: string): Promise<void> {
  try {
    await writeFile(file, STARTING_GUIDELINES, { flag: 'wx' });
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EEXIST') throw fileError(thrown, 'write', file);
  }
}

export async function openGuidelines(file: string): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(file), {
    viewColumn: vscode.ViewColumn.Beside,
  });
}
