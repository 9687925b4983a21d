/** Labelling in VS Code: the desk as an editor of labels files, their tree, the commands. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import type { Desk } from './desk';
import { registerDeskEditor } from './deskEditor';
import { registerLabelTree } from './labelTree';

export function registerLabels(services: Services): vscode.Disposable {
  const { log } = services;
  const desks = new Map<string, Desk>();
  return vscode.Disposable.from(
    registerDeskEditor(services, desks),
    registerLabelTree(services, desks),
    registerCommand(log, 'glassbox.openLabellingDesk', async (given) => {
      const { openLabellingDesk } = await import('./newDesk');
      await openLabellingDesk(services, given);
    }),
    registerCommand(log, 'glassbox.newLabellingDesk', async () => {
      const { newLabellingDesk } = await import('./newDesk');
      await newLabellingDesk();
    }),
  );
}
