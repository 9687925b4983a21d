/**
 * The runs of this window's folders, joined to VS Code: where they lie, the watch on the disk (runs of
 * other windows and of the command line are there, too), the context that commands and menus depend
 * on, and what is remembered from one start to the next.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import { Contexts } from '../contexts';
import { logError, tellError } from '../problems';
import type { Services } from '../services';
import { onDidChangeSetting, settings, withSettings } from '../settings';
import { freeName, makeStorage, requireWorkFolders, storageOf, workFolders } from '../workspace';
import { resumeRun } from './resumeRun';
import { memoryOf } from './runBook';
import { RunKeeper } from './runKeeper';
import { isActive, isExtendable, isResumable } from './runView';
import type { RunNews } from './runView';
import type { Runs } from './runs';
import { Throttle } from './throttle';
import { moveToTrash } from './trash';

/** Milliseconds between two changes that are told, and between two looks at the disk. */
const TELL_EVERY = 250;
const LOOK_EVERY = 1000;
const MEMORY = 'glassbox.runs';

export function openRuns({
  context,
  log,
  engine,
  walkthrough,
}: Pick<Services, 'context' | 'log' | 'engine' | 'walkthrough'>): Runs & { dispose(): void } {
  const changed = new vscode.EventEmitter<void>();
  const news = new vscode.EventEmitter<RunNews>();
  const tell = new Throttle(TELL_EVERY, () => {
    setContexts();
    changed.fire();
  });
  let looked = false;
  let problem: string | undefined;
  let remembered = JSON.stringify(context.workspaceState.get(MEMORY));
  const keeper = new RunKeeper({
    methods: () => engine.methods(),
    folders: () => workFolders().map(({ uri }) => runsFolder(uri)),
    memory: memoryOf(context.workspaceState.get(MEMORY)),
    onMemory: (memory) => {
      const text = JSON.stringify(memory);
      if (text === remembered) return;
      remembered = text;
      void context.workspaceState.update(MEMORY, memory);
    },
    onChange: () => {
      looked = true;
      problem = undefined;
      tell.ask();
    },
    onNews: (each) => news.fire(each),
    onFailure: (_, error) => void tellError(log, error),
    onUnread: (error) => {
      logError(log, error);
      problem = messageOf(error);
      tell.ask();
    },
  });

  const contexts = new Contexts();
  let trained = false;
  function setContexts(): void {
    const runs = keeper.list();
    contexts.set('hasRuns', runs.length > 0);
    if (runs.length > 0 && !trained) walkthrough.done('train');
    trained = runs.length > 0;
    // The view says that there is none only once somebody has looked.
    contexts.set('noRuns', looked && runs.length === 0);
    contexts.set('runActive', runs.some(isActive));
    contexts.set('runResumable', runs.some(isResumable));
    contexts.set('runExtendable', runs.some(isExtendable));
  }

  const look = new Throttle(LOOK_EVERY, () => keeper.look());
  let watchers: vscode.Disposable[] = [];
  function watch(): void {
    for (const each of watchers) each.dispose();
    watchers = workFolders().flatMap((folder) => {
      const runs = `${settings.storageFolder(folder)}/runs`;
      return [`${runs}/*`, `${runs}/*/{recipe.json,metrics.jsonl,failure.json,run.lock}`].map(
        (pattern) => {
          const watcher = vscode.workspace.createFileSystemWatcher(
            new vscode.RelativePattern(folder, pattern),
          );
          const seen = ({ fsPath }: vscode.Uri): void => {
            // What our own runs write is known before it is on the disk.
            const ours = keeper.get(path.dirname(fsPath));
            if (!ours || !isActive(ours)) look.ask();
          };
          return vscode.Disposable.from(
            watcher,
            watcher.onDidCreate(seen),
            watcher.onDidChange(seen),
            watcher.onDidDelete(seen),
          );
        },
      );
    });
  }
  /** The engine is started only where there is something to look at. */
  async function begin(): Promise<void> {
    watch();
    const entries = await Promise.all(
      workFolders().map(({ uri }) => readdir(runsFolder(uri)).catch(() => [])),
    );
    if (entries.some(({ length }) => length > 0)) {
      looked = false;
      setContexts();
      look.ask();
      return;
    }
    looked = true;
    setContexts();
  }
  const begins = (): void => void begin();
  begins();

  const subscriptions = vscode.Disposable.from(
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      begins();
      look.ask();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(begins),
    engine.onDidMend(begins),
    onDidChangeSetting('storageFolder', () => {
      begins();
      look.ask();
    }),
  );

  return {
    list: () => keeper.list(),
    problem: () => problem,
    get: (folder) => keeper.get(folder),
    onDidChange: changed.event,
    onNews: news.event,
    refresh: () => keeper.refresh(),
    async start(recipe, workspaceFolder) {
      requireWorkFolders();
      const storage = await makeStorage(workspaceFolder);
      const inRuns = (name: string): string => path.join(storage, 'runs', name);
      const folder = inRuns(await freeName(recipe.name ?? 'run', inRuns));
      await keeper.start(withSettings(recipe), folder);
      return folder;
    },
    resume: async (folder, steps) => {
      requireWorkFolders();
      await resumeRun(keeper, folder, steps);
    },
    pause: (folder) => keeper.pause(folder),
    stop: (folder) => keeper.stop(folder),
    delete: (folder) => keeper.delete(folder, () => moveToTrash(vscode.Uri.file(folder))),
    dispose: () => {
      keeper.dispose();
      for (const each of [...watchers, subscriptions, look, tell, changed, news]) each.dispose();
    },
  };
}

function runsFolder(workspaceFolder: vscode.Uri): string {
  return path.join(storageOf(workspaceFolder), 'runs');
}
