/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerDashboard(services: Services): vscode.Disposable {
  services.log.debug('registerDashboard');
  return vscode.Disposable.from();
}
