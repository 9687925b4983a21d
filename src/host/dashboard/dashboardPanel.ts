/**
 * One tab of the dashboard: which runs it shows, what its page is told and what the page asks. The
 * page reads the records itself, from the disk: through here goes only what runs say now.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { AsyncQueue } from '../../base/asyncQueue';
import { runSurface } from '../../protocol/runSurface';
import type { RunAction, ShownRun, WatchEvent } from '../../protocol/runSurface';
import type { Services } from '../services';
import { fillTab } from '../webviews/page';
import { answerWebview } from '../webviews/webviewConnection';
import { storageOf, workFolders } from '../workspace';
import { Feed } from './feed';
import { pickRuns } from '../runs/pickRun';
import { shownRun, titleOf } from './shownRun';

/** Milliseconds between two questions for the engine's memory. */
const MEMORY_EVERY = 3000;

export class DashboardPanel implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #services: Services;
  readonly #foldersChanged = new vscode.EventEmitter<void>();
  readonly #answering: vscode.Disposable;
  #folders: readonly string[];
  /** Bytes of the engine's process, and when it was asked for them last. */
  #memory: number | undefined;
  #askedMemory = 0;

  constructor(services: Services, panel: vscode.WebviewPanel, folders: readonly string[]) {
    this.#services = services;
    this.panel = panel;
    this.#folders = folders;
    this.#answering = answerWebview(panel.webview, (answer) => {
      answer.stream(runSurface.watch, (_nothing, signal) => this.#watch(signal));
      answer.call(runSurface.act, async ({ folder, action }) => {
        await this.#act(folder, action);
        return null;
      });
      answer.call(runSurface.addRuns, async () => {
        await this.#addRuns();
        return null;
      });
      answer.call(runSurface.save, (file) => save(file, this.#services));
    });
    this.#load();
  }

  get folders(): readonly string[] {
    return this.#folders;
  }

  dispose(): void {
    this.#answering.dispose();
    this.#foldersChanged.dispose();
  }

  /** Sets what the page may read, and its title; a page that is there already is loaded anew. */
  #load(): void {
    const { extensionUri } = this.#services.context;
    const title = titleOf(this.#folders, (count) => vscode.l10n.t('{0} runs', count));
    this.panel.title = title;
    const readable = rootsOf(this.#folders);
    fillTab(this.panel, { extensionUri, surface: 'run', title, readable });
  }

  #show(folders: readonly string[]): void {
    const roots = (all: readonly string[]) => rootsOf(all).map(String).join();
    const readable = roots(folders) === roots(this.#folders);
    this.#folders = folders;
    this.#foldersChanged.fire();
    // The page keeps how it is looked at, but what it may read is fixed when it is loaded.
    if (!readable) this.#load();
    this.panel.title = titleOf(folders, (count) => vscode.l10n.t('{0} runs', count));
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { runs, models } = this.#services;
    const queue = new AsyncQueue<WatchEvent>();
    const feed = new Feed(
      () => this.#folders.map((folder) => this.#shown(folder)),
      (event) => {
        // The page of a hidden tab is gone; it reads everything anew when it comes back.
        if (this.panel.visible) queue.push(event);
      },
    );
    const watching = vscode.Disposable.from(
      feed,
      runs.onDidChange(() => {
        feed.runsChanged();
        void this.#askMemory();
      }),
      models.onDidChange(() => feed.runsChanged()),
      this.#foldersChanged.event(() => feed.runsChanged()),
      runs.onNews(({ folder, event }) => {
        if (this.#folders.includes(folder)) feed.hear(folder, event);
      }),
    );
    signal.addEventListener('abort', () => queue.end());
    feed.runsChanged();
    try {
      yield* queue;
    } finally {
      watching.dispose();
    }
  }

  /** While something runs. What the engine can't say is left out. */
  async #askMemory(): Promise<void> {
    const { engine, runs } = this.#services;
    const running = this.#folders.some((folder) => runs.get(folder)?.live !== undefined);
    if (!running || Date.now() - this.#askedMemory < MEMORY_EVERY) return;
    this.#askedMemory = Date.now();
    try {
      const { memory } = await engine.methods();
      this.#memory = await memory({}, AbortSignal.timeout(MEMORY_EVERY));
    } catch {
      this.#memory = undefined;
    }
  }

  #shown(folder: string): ShownRun {
    const { runs, models } = this.#services;
    const model = models.list().find(({ run }) => run?.folder === folder);
    return shownRun(folder, runs.get(folder), {
      files: `${this.panel.webview.asWebviewUri(vscode.Uri.file(folder)).toString()}/`,
      parameters: model?.parameters,
      memory: this.#memory,
    });
  }

  async #act(folder: string, action: RunAction): Promise<void> {
    const { runs, log } = this.#services;
    switch (action) {
      case 'pause':
        return runs.pause(folder);
      case 'resume':
        return runs.resume(folder);
      case 'stop':
        return runs.stop(folder);
      case 'further':
        await vscode.commands.executeCommand('glassbox.trainFurther', folder);
        return;
      case 'chat': {
        const checkpoint = runs.get(folder)?.checkpoints.at(-1);
        if (checkpoint)
          await vscode.commands.executeCommand('glassbox.chatWithModel', checkpoint.folder);
        return;
      }
      case 'recipe': {
        const file = vscode.Uri.file(path.join(folder, 'recipe.json'));
        await vscode.window.showTextDocument(file);
        return;
      }
      case 'remove':
        this.#show(this.#folders.filter((each) => each !== folder));
        return;
      case 'log':
        log.show();
    }
  }

  async #addRuns(): Promise<void> {
    const picked = await pickRuns(this.#services.runs, {
      title: vscode.l10n.t('Compare with'),
      without: this.#folders,
      many: true,
    });
    if (picked.length > 0) this.#show([...this.#folders, ...picked]);
  }
}

/** The folders that hold these runs: those of the workspace, and each run that lies elsewhere. */
function rootsOf(folders: readonly string[]): vscode.Uri[] {
  const kept = workFolders().map(({ uri }) => vscode.Uri.file(path.join(storageOf(uri), 'runs')));
  const outside = folders.filter(
    (folder) => !kept.some(({ fsPath }) => folder.startsWith(fsPath + path.sep)),
  );
  return [...kept, ...outside.map((folder) => vscode.Uri.file(folder))];
}

interface SavedFile {
  readonly name: string;
  readonly type: 'png' | 'csv';
  readonly data: Uint8Array;
}

async function save({ name, type, data }: SavedFile, { log }: Services): Promise<boolean> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, `${name}.${type}`) } : {}),
    filters: type === 'png' ? { [vscode.l10n.t('Picture')]: ['png'] } : { CSV: ['csv'] },
  });
  if (!target) return false;
  await vscode.workspace.fs.writeFile(target, data);
  log.info(`Saved ${target.fsPath}.`);
  void vscode.window.setStatusBarMessage(
    vscode.l10n.t('Saved {0}', path.basename(target.fsPath)),
    5000,
  );
  return true;
}
