/** The dashboard's tabs: one for each set of runs, restored when the window is loaded again. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Services } from '../services';
import { textPage } from '../webviews/page';
import { requireWorkFolders } from '../workspace';
import { DashboardPanel } from './dashboardPanel';
import { sameRuns } from './sameRuns';

/** What the host needs of the state that the page keeps. */
const keptSchema = z.object({ folders: z.array(z.string().min(1)).min(1) });

export class DashboardPanels implements vscode.Disposable {
  readonly #services: Services;
  readonly #viewType: string;
  readonly #open = new Set<DashboardPanel>();

  constructor(services: Services, viewType: string) {
    this.#services = services;
    this.#viewType = viewType;
  }

  /** Throws as `requireWorkFolders`. */
  show(folders: readonly string[]): void {
    requireWorkFolders();
    const open = [...this.#open].find((each) => sameRuns(each.folders, folders));
    if (open) open.panel.reveal();
    else
      this.#adopt(
        vscode.window.createWebviewPanel(this.#viewType, '', vscode.ViewColumn.Active),
        folders,
      );
  }

  restore(panel: vscode.WebviewPanel, state: unknown): void {
    const kept = keptSchema.safeParse(state);
    // Closed before its page had come so far: nobody can say what it showed.
    if (!kept.success) panel.dispose();
    else if (vscode.workspace.isTrusted) this.#adopt(panel, kept.data.folders);
    else this.#awaitTrust(panel, kept.data.folders);
  }

  dispose(): void {
    for (const each of [...this.#open]) each.panel.dispose();
  }

  /** Says why nothing is shown, until the folder is trusted. */
  #awaitTrust(panel: vscode.WebviewPanel, folders: readonly string[]): void {
    const text = vscode.l10n.t('This folder is not trusted: its runs are not shown.');
    panel.webview.html = textPage(text);
    const granted = vscode.workspace.onDidGrantWorkspaceTrust(() => this.#adopt(panel, folders));
    panel.onDidDispose(() => void granted.dispose());
  }

  #adopt(panel: vscode.WebviewPanel, folders: readonly string[]): void {
    const dashboard = new DashboardPanel(this.#services, panel, folders);
    this.#open.add(dashboard);
    panel.onDidDispose(() => {
      this.#open.delete(dashboard);
      dashboard.dispose();
    });
  }
}
