/**
 * The tokenizers that this window can use: asked of the engine when somebody wants to know, and again
 * when a tokenizer.json comes or goes, and with the runs, since a folder that goes as a whole takes its
 * tokenizer along unseen. In a folder that is not trusted only those built in.
 */
import * as vscode from 'vscode';
import type { TokenizerSummary } from '../../protocol/catalogMessages';
import { logError } from '../problems';
import type { Services } from '../services';
import type { Runs } from '../runs/runs';
import { Throttle } from '../runs/throttle';
import { workFolders } from '../workspace';
import type { TokenizerCatalog } from './tokenizerCatalog';

/** Between two looks at the disk while files come and go, as in a run. */
const MILLISECONDS = 1000;

export function openTokenizerCatalog(
  { engine, log }: Pick<Services, 'engine' | 'log'>,
  runs: Runs,
): TokenizerCatalog & { dispose(): void } {
  const { workspace } = vscode;
  const changed = new vscode.EventEmitter<void>();
  const closing = new AbortController();
  let tokenizers: readonly TokenizerSummary[] = [];
  let looking: Promise<readonly TokenizerSummary[]> | undefined;

  async function look(): Promise<readonly TokenizerSummary[]> {
    const folders = workFolders().map(({ uri }) => uri.fsPath);
    const methods = await engine.methods();
    tokenizers = await methods.tokenizers({ folders }, closing.signal);
    changed.fire();
    return tokenizers;
  }

  function ready(): Promise<readonly TokenizerSummary[]> {
    looking ??= look().catch((thrown: unknown) => {
      looking = undefined;
      throw thrown;
    });
    return looking;
  }

  const again = async (): Promise<void> => {
    looking = undefined;
    await ready();
  };
  /** Nobody waits for it; and where nobody ever asked, nothing is looked for. */
  const refreshing = new Throttle(MILLISECONDS, () => {
    if (looking) again().catch((thrown: unknown) => logError(log, thrown));
  });
  const refresh = (): void => refreshing.ask();
  const foldersOfRuns = (): string =>
    runs
      .list()
      .map(({ folder }) => folder)
      .sort()
      .join('\n');
  let before = foldersOfRuns();
  const watcher = workspace.createFileSystemWatcher('**/*tokenizer.json', false, true, false);
  const subscriptions = vscode.Disposable.from(
    changed,
    refreshing,
    watcher,
    watcher.onDidCreate(refresh),
    watcher.onDidDelete(refresh),
    runs.onDidChange(() => {
      const now = foldersOfRuns();
      if (now !== before) refresh();
      before = now;
    }),
    workspace.onDidChangeWorkspaceFolders(refresh),
    workspace.onDidGrantWorkspaceTrust(refresh),
    engine.onDidMend(() => void again().catch((thrown: unknown) => logError(log, thrown))),
  );
  return {
    list: () => tokenizers,
    ready,
    onDidChange: changed.event,
    refresh: again,
    dispose: () => {
      closing.abort();
      subscriptions.dispose();
    },
  };
}
