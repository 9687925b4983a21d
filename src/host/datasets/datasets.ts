/** Datasets of conversations in the editor: what is wrong with them, and how a model sees them. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { requireTrust } from '../workspace';
import { ConversationLens } from './conversationLens';
import { DatasetDiagnostics } from './datasetDiagnostics';
import { Teachers } from './teacher';

export function registerDatasets(services: Services): vscode.Disposable {
  const teachers = new Teachers(services);
  const lens = new ConversationLens(services, teachers);
  return vscode.Disposable.from(
    teachers,
    lens,
    new DatasetDiagnostics(services, teachers),
    registerCommand(services.log, 'glassbox.showAsModelSees', async () => {
      requireTrust();
      await lens.show();
      services.walkthrough.done('conversations');
    }),
    registerCommand(services.log, 'glassbox.chooseTeacher', () => {
      requireTrust();
      return teachers.choose();
    }),
  );
}
