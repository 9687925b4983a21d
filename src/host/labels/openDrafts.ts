/** A desk of its own for conversations that something drafted: each to be checked, mended or skipped. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { LabelFile } from '../../labels/labelFile';
import { tasksOf } from '../../labels/tasks';
import type { Services } from '../services';
import { chooseWorkFolder, freeName } from '../workspace';
import { readPrompts } from './readPrompts';
import { VIEW } from './deskEditor';
import { chooseLabeller, labellerOf } from './labeller';
import { labelsFileIn, tellGit } from './newDesk';
import { draftsFolderOf } from './openDesk';

/** @throws GlassboxError `no-prompts`, and what reading and writing throw */
export async function openDrafts(services: Services, dataset: vscode.Uri): Promise<void> {
  const { l10n } = vscode;
  const folder = await chooseWorkFolder(dataset);
  if (!folder) return;
  if (labellerOf(services) === undefined && !(await chooseLabeller(services))) return;
  const { wanted, first } = await readPrompts(services.engine, [dataset.fsPath]);
  if (wanted.length === 0)
    throw new GlassboxError('no-prompts', l10n.t('There is no prompt in what was chosen.'), {
      ...(first !== undefined && { remedy: first }),
    });
  const named = (name: string): vscode.Uri => labelsFileIn(folder, name);
  const usual = path.basename(dataset.fsPath, '.jsonl');
  const uri = named(await freeName(usual, (name) => named(name).fsPath));
  const adding = { by: labellerOf(services) ?? '', at: new Date().toISOString() };
  const file = new LabelFile(uri.fsPath, draftsFolderOf(uri, folder));
  await file.append(tasksOf(wanted, [], adding));
  await tellGit(path.dirname(uri.fsPath));
  await vscode.commands.executeCommand('vscode.openWith', uri, VIEW);
}
