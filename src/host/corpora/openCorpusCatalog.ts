/**
 * The corpora that this window can use: asked of the engine when somebody wants to know, and again when
 * a corpus.json comes or goes. In a folder that is not trusted there are none.
 */
import * as vscode from 'vscode';
import type { CorpusSummary } from '../../protocol/corpusMessages';
import { Contexts } from '../contexts';
import { logError } from '../problems';
import { Throttle } from '../runs/throttle';
import type { Services } from '../services';
import { workFolders } from '../workspace';
import type { CorpusCatalog } from './corpusCatalog';

/** Milliseconds between two looks at the disk. */
const LOOK_EVERY = 1000;

export function openCorpusCatalog({
  engine,
  log,
}: Pick<Services, 'engine' | 'log'>): CorpusCatalog & { dispose(): void } {
  const { workspace } = vscode;
  const changed = new vscode.EventEmitter<void>();
  const closing = new AbortController();
  const contexts = new Contexts();
  let corpora: readonly CorpusSummary[] = [];
  let looking: Promise<readonly CorpusSummary[]> | undefined;

  async function look(): Promise<readonly CorpusSummary[]> {
    const folders = workFolders().map(({ uri }) => uri.fsPath);
    const found =
      folders.length === 0
        ? []
        : await (await engine.methods()).corpora({ folders }, closing.signal);
    corpora = found.sort((a, b) => a.name.localeCompare(b.name));
    // The view says that there is none only once somebody has looked.
    contexts.set('noCorpora', corpora.length === 0);
    changed.fire();
    return corpora;
  }

  function ready(): Promise<readonly CorpusSummary[]> {
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
  const watcher = workspace.createFileSystemWatcher('**/corpus.json', false, false, false);
  const subscriptions = vscode.Disposable.from(
    changed,
    again,
    watcher,
    watcher.onDidCreate(lookAgain),
    watcher.onDidChange(lookAgain),
    watcher.onDidDelete(lookAgain),
    workspace.onDidChangeWorkspaceFolders(lookAgain),
    workspace.onDidGrantWorkspaceTrust(lookAgain),
    engine.onDidMend(() => void refresh().catch((thrown: unknown) => logError(log, thrown))),
  );
  return {
    list: () => corpora,
    ready,
    onDidChange: changed.event,
    refresh,
    dispose: () => {
      closing.abort();
      subscriptions.dispose();
    },
  };
}
