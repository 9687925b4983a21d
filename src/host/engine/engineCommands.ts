/** The commands that are about the extension as a whole: log, restart, walkthrough, sample text. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerEngineCommands({ context, engine, log }: Services): vscode.Disposable {
  const { registerCommand, executeCommand } = vscode.commands;
  const sampleText = vscode.Uri.joinPath(context.extensionUri, 'dist', 'sample', 'moby-dick.txt');
  return vscode.Disposable.from(
    registerCommand('glassbox.showLog', () => log.show()),
    registerCommand('glassbox.restartEngine', () => engine.restart()),
    registerCommand('glassbox.openWalkthrough', () =>
      executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#how`, false),
    ),
    registerCommand('glassbox.openSampleText', () => vscode.window.showTextDocument(sampleText)),
  );
}
