/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';
import type { TokenizerCatalog } from './tokenizerCatalog';

export function openTokenizerCatalog({
  log,
}: Pick<Services, 'log'>): TokenizerCatalog & vscode.Disposable {
  log.debug('tokenizers');
  const changed = new vscode.EventEmitter<void>();
  return {
    list: () => [],
    ready: () => Promise.resolve([]),
    onDidChange: changed.event,
    refresh: () => Promise.resolve(),
    dispose: () => changed.dispose(),
  };
}

export function registerTokens(services: Services): vscode.Disposable {
  services.log.debug('tokens');
  return vscode.Disposable.from();
}
