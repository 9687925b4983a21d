/** The tabs of corpora: one for each corpus, restored when the window is loaded again. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Services } from '../services';
import { textPage } from '../webviews/page';
import { requireWorkFolders } from '../workspace';
import type { CorpusFiles } from './corpusFiles';
import { CorpusPanel } from './corpusPanel';

/** What the host needs of the state that the page keeps. */
const keptSchema = z.object({ folder: z.string().min(1) });

export class CorpusTabs implements vscode.Disposable {
  readonly #services: Services;
  readonly #files: CorpusFiles;
  readonly #viewType: string;
  readonly #open = new Set<CorpusPanel>();

  constructor(services: Services, files: CorpusFiles, viewType: string) {
    this.#services = services;
    this.#files = files;
    this.#viewType = viewType;
  }

  /** Throws as `requireWorkFolders`. */
  show(folder: string): void {
    requireWorkFolders();
    const open = [...this.#open].find((each) => each.folder === folder);
    if (open) open.panel.reveal();
    else
      this.#adopt(
        vscode.window.createWebviewPanel(this.#viewType, '', vscode.ViewColumn.Active),
        folder,
      );
  }

  restore(panel: vscode.WebviewPanel, state: unknown): void {
    const kept = keptSchema.safeParse(state);
    // Closed before its page had come so far: nobody can say what it showed.
    if (!kept.success) panel.dispose();
    else if (vscode.workspace.isTrusted) this.#adopt(panel, kept.data.folder);
    else this.#awaitTrust(panel, kept.data.folder);
  }

  dispose(): void {
    for (const each of [...this.#open]) each.panel.dispose();
  }

  /** Says why nothing is shown, until the folder is trusted. */
  #awaitTrust(panel: vscode.WebviewPanel, folder: string): void {
    const text = vscode.l10n.t('This folder is not trusted: its corpora are not shown.');
    panel.webview.html = textPage(text);
    const granted = vscode.workspace.onDidGrantWorkspaceTrust(() => this.#adopt(panel, folder));
    panel.onDidDispose(() => void granted.dispose());
  }

  #adopt(panel: vscode.WebviewPanel, folder: string): void {
    const tab = new CorpusPanel(this.#services, this.#files, panel, folder);
    this.#open.add(tab);
    panel.onDidDispose(() => {
      this.#open.delete(tab);
      tab.dispose();
    });
  }
}
