/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';

export function registerRecipes(services: Services): vscode.Disposable {
  services.log.debug('registerRecipes');
  return vscode.Disposable.from();
}
