/**
 * In which documents tokens are shown: switched on by a person, off with the document's last tab, kept
 * for the next time that the window opens.
 */
import * as vscode from 'vscode';

const KEY = 'glassbox.shownTokens';

export class ShownDocuments implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #shown: Set<string>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor(state: vscode.Memento) {
    this.#state = state;
    this.#shown = new Set(state.get<readonly string[]>(KEY, []));
    this.#subscriptions = vscode.Disposable.from(
      this.#changed,
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (closed.length > 0) this.#forgetClosed();
      }),
      vscode.workspace.onDidCloseTextDocument(() => this.#forgetClosed()),
    );
  }

  has(document: vscode.TextDocument): boolean {
    return this.#shown.has(document.uri.toString());
  }

  set(document: vscode.TextDocument, shown: boolean): void {
    const uri = document.uri.toString();
    if (this.#shown.has(uri) === shown) return;
    if (shown) this.#shown.add(uri);
    else this.#shown.delete(uri);
    this.#tell();
  }

  #forgetClosed(): void {
    if (this.#shown.size === 0) return;
    const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.toString()));
    const inTabs = new Set(tabUris().flatMap((uri) => [uri.toString(), uri.path]));
    for (const shown of [...this.#shown]) {
      const uri = vscode.Uri.parse(shown);
      // A notebook's cell has no tab of its own, nor has a document that only a view shows.
      const hasTab =
        uri.scheme === 'vscode-notebook-cell' ? inTabs.has(uri.path) : inTabs.has(shown);
      const viewed = vscode.window.visibleTextEditors.some(
        ({ document }) => document.uri.toString() === shown,
      );
      if (!hasTab && !(viewed && open.has(shown))) this.#shown.delete(shown);
    }
    this.#tell();
  }

  #tell(): void {
    void this.#state.update(KEY, [...this.#shown]);
    this.#changed.fire();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }
}

function tabUris(): vscode.Uri[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.flatMap(({ input }) => {
    if (input instanceof vscode.TabInputText) return [input.uri];
    if (input instanceof vscode.TabInputTextDiff) return [input.original, input.modified];
    if (input instanceof vscode.TabInputNotebook) return [input.uri];
    if (input instanceof vscode.TabInputNotebookDiff) return [input.original, input.modified];
    return [];
  });
}
