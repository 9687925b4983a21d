/** The commands that are about the engine itself: its log, its restart, the walkthrough. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerEngineCommands({ context, engine, log }: Services): vscode.Disposable {
  const { registerCommand, executeCommand } = vscode.commands;
  return vscode.Disposable.from(
    registerCommand('glassbox.showLog', () => log.show()),
    registerCommand('glassbox.restartEngine', () => engine.restart()),
    registerCommand('glassbox.openWalkthrough', () =>
      executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#glassbox.how`),
    ),
  );
}
