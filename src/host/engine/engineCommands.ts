/** The commands that are about the engine itself: its log, its restart, its device, the walkthrough. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';

export function registerEngineCommands(services: Services): vscode.Disposable {
  const { walkthrough, engine, log } = services;
  return vscode.Disposable.from(
    registerCommand(log, 'glassbox.showLog', () => log.show()),
    registerCommand(log, 'glassbox.restartEngine', () => engine.restart()),
    registerCommand(log, 'glassbox.selectDevice', async () => {
      const { selectDevice } = await import('./selectDevice');
      await selectDevice(services);
    }),
    registerCommand(log, 'glassbox.openWalkthrough', () => walkthrough.open()),
  );
}
