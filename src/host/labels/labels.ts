/** Labelling in VS Code: the desk as an editor of labels files, and its commands. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { registerDeskEditor } from './deskEditor';

export function registerLabels(services: Services): vscode.Disposable {
  const { log } = services;
  return vscode.Disposable.from(
    registerDeskEditor(services),
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
