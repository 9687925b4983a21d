/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerRuns(services: Services): vscode.Disposable {
  services.log.debug('registerRuns');
  return vscode.Disposable.from();
}
