/** What commands, menus and views depend on: `glassbox.<name>` in their when-clauses. */
import * as vscode from 'vscode';

export class Contexts {
  readonly #told = new Map<string, boolean>();

  set(name: string, value: boolean): void {
    if (this.#told.get(name) === value) return;
    this.#told.set(name, value);
    void vscode.commands.executeCommand('setContext', `glassbox.${name}`, value);
  }
}
