/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Runs } from '../runs/runs';
import type { Services } from '../services';
import type { ModelCatalog } from './modelCatalog';

export function openModelCatalog(
  { log }: Pick<Services, 'log'>,
  runs: Runs,
): ModelCatalog & vscode.Disposable {
  log.debug(String(runs.list().length));
  const changed = new vscode.EventEmitter<void>();
  return {
    list: () => [],
    ready: () => Promise.resolve([]),
    onDidChange: changed.event,
    refresh: () => Promise.resolve(),
    choose: () => Promise.resolve(undefined),
    dispose: () => changed.dispose(),
  };
}

export function registerModels(services: Services): vscode.Disposable {
  services.log.debug('models');
  return vscode.Disposable.from();
}
