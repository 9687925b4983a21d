/**
 * What lies in this window's folders of one kind: asked of the engine when somebody wants to know, and
 * again when there may be others. In a folder that is not trusted there is none.
 */
import * as vscode from 'vscode';
import type { Handlers } from '../protocol/protocol';
import { Contexts } from './contexts';
import { logError } from './problems';
import { Throttle } from './runs/throttle';
import type { Services } from './services';
import { workFolders } from './workspace';

export interface Catalog<T> {
  list(): readonly T[];
  /** Fulfilled once the folders have been looked at. */
  ready(): Promise<readonly T[]>;
  readonly onDidChange: vscode.Event<void>;
  refresh(): Promise<void>;
}

/** Milliseconds between two looks at the disk. */
const LOOK_EVERY = 1000;

export interface CatalogOptions<T> {
  /** What is there, in the order in which it is shown. */
  readonly look: (
    methods: Handlers,
    folders: readonly string[],
    signal: AbortSignal,
  ) => Promise<readonly T[]>;
  /** Folders that are looked through besides. */
  readonly moreFolders?: () => readonly string[];
  /** Asks for a call whenever there may be others. */
  readonly listen: (lookAgain: () => void) => vscode.Disposable;
  /** The context that says that there is none, once somebody has looked. */
  readonly none: string;
}

/** Told when a file of this name comes, changes or goes. */
export function watchFiles(pattern: string): (tell: () => void) => vscode.Disposable {
  return (tell) => {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(tell),
      watcher.onDidChange(tell),
      watcher.onDidDelete(tell),
    );
  };
}

export function openCatalog<T>(
  { engine, log }: Pick<Services, 'engine' | 'log'>,
  { look: ask, moreFolders = () => [], listen, none }: CatalogOptions<T>,
): Catalog<T> & { dispose(): void } {
  const { workspace } = vscode;
  const changed = new vscode.EventEmitter<void>();
  const closing = new AbortController();
  const contexts = new Contexts();
  let found: readonly T[] = [];
  let looking: Promise<readonly T[]> | undefined;

  async function look(): Promise<readonly T[]> {
    const folders = workspace.isTrusted
      ? [...workFolders().map(({ uri }) => uri.fsPath), ...moreFolders()]
      : [];
    found = folders.length === 0 ? [] : await ask(await engine.methods(), folders, closing.signal);
    contexts.set(none, found.length === 0);
    changed.fire();
    return found;
  }

  function ready(): Promise<readonly T[]> {
    looking ??= look().catch((thrown: unknown) => {
      looking = undefined;
      throw thrown;
    });
    return looking;
  }

  async function refresh(): Promise<void> {
    looking = undefined;
    await ready();
  }

  /** Nobody waits for it; and where nobody ever asked, nothing is looked for. */
  const again = new Throttle(LOOK_EVERY, () => {
    if (looking) refresh().catch((thrown: unknown) => logError(log, thrown));
  });
  const lookAgain = (): void => again.ask();
  const subscriptions = vscode.Disposable.from(
    changed,
    again,
    listen(lookAgain),
    workspace.onDidChangeWorkspaceFolders(lookAgain),
    workspace.onDidGrantWorkspaceTrust(lookAgain),
    engine.onDidMend(() => void refresh().catch((thrown: unknown) => logError(log, thrown))),
  );
  return {
    list: () => found,
    ready,
    onDidChange: changed.event,
    refresh,
    dispose: () => {
      closing.abort();
      subscriptions.dispose();
    },
  };
}
