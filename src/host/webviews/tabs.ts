/**
 * The tabs of one kind: one for each thing that is shown, opened again as they were when the window is
 * loaded anew.
 */
import * as vscode from 'vscode';
import type * as z from 'zod';
import { requireWorkFolders } from '../workspace';
import { textPage } from './page';

export interface TabKind<Subject> {
  readonly viewType: string;
  /** What a page keeps of what it shows. */
  readonly kept: z.ZodType<Subject>;
  readonly same: (one: Subject, other: Subject) => boolean;
  /** Fills the panel; what it gives ends with it. */
  readonly open: (panel: vscode.WebviewPanel, subject: Subject) => { dispose(): unknown };
  /** Why a folder that is not trusted shows nothing. */
  readonly untrusted: () => string;
}

interface Tab<Subject> {
  readonly panel: vscode.WebviewPanel;
  readonly subject: Subject;
}

export class Tabs<Subject> implements vscode.Disposable {
  readonly #kind: TabKind<Subject>;
  readonly #open = new Set<Tab<Subject>>();

  constructor(kind: TabKind<Subject>) {
    this.#kind = kind;
  }

  /** Throws as `requireWorkFolders`. */
  show(subject: Subject): void {
    requireWorkFolders();
    const open = [...this.#open].find((each) => this.#kind.same(each.subject, subject));
    if (open) open.panel.reveal();
    else
      this.#adopt(
        vscode.window.createWebviewPanel(this.#kind.viewType, '', vscode.ViewColumn.Active),
        subject,
      );
  }

  restore(panel: vscode.WebviewPanel, state: unknown): void {
    const kept = this.#kind.kept.safeParse(state);
    // Closed before its page had come so far: nobody can say what it showed.
    if (!kept.success) panel.dispose();
    else if (vscode.workspace.isTrusted) this.#adopt(panel, kept.data);
    else this.#awaitTrust(panel, kept.data);
  }

  dispose(): void {
    for (const each of [...this.#open]) each.panel.dispose();
  }

  /** Says why nothing is shown, until the folder is trusted. */
  #awaitTrust(panel: vscode.WebviewPanel, subject: Subject): void {
    panel.webview.html = textPage(this.#kind.untrusted());
    const granted = vscode.workspace.onDidGrantWorkspaceTrust(() => this.#adopt(panel, subject));
    panel.onDidDispose(() => void granted.dispose());
  }

  #adopt(panel: vscode.WebviewPanel, subject: Subject): void {
    const tab = { panel, subject };
    const filled = this.#kind.open(panel, subject);
    this.#open.add(tab);
    panel.onDidDispose(() => {
      this.#open.delete(tab);
      void filled.dispose();
    });
  }
}
