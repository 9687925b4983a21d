/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerChat(services: Services): vscode.Disposable {
  services.log.debug('registerChat');
  return vscode.Disposable.from();
}
