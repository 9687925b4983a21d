/** The tree "Labels": one item a labels file, with how far it is. */
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import { Contexts } from '../contexts';
import { logError } from '../problems';
import { Throttle } from '../runs/throttle';
import type { Services } from '../services';
import { workFolders } from '../workspace';
import { VIEW } from './deskEditor';

export const LABEL_FILES = '**/*.labels.jsonl';
export const UNUSED = '**/{node_modules,.git}/**';

/** Milliseconds between two looks at the disk. */
const LOOK_EVERY = 1000;

interface LabelsItem {
  readonly uri: vscode.Uri;
  readonly tasks: number;
  /** Tasks that somebody has finished. */
  readonly done: number;
  readonly problem?: string;
}

export function registerLabelTree({ log }: Pick<Services, 'log'>): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const contexts = new Contexts();
  const again = new Throttle(LOOK_EVERY, () => changed.fire(undefined));
  const lookAgain = (): void => again.ask();

  async function look(): Promise<LabelsItem[]> {
    const found =
      workFolders().length === 0 ? [] : await vscode.workspace.findFiles(LABEL_FILES, UNUSED);
    const items = await Promise.all(
      found.sort((a, b) => (a.path < b.path ? -1 : 1)).map((uri) => itemOf(uri)),
    );
    contexts.set('noLabels', items.length === 0);
    return items;
  }

  const provider: vscode.TreeDataProvider<LabelsItem> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (above) => {
      if (above) return [];
      return look().catch((thrown: unknown) => {
        logError(log, thrown);
        return [];
      });
    },
    getTreeItem,
  };
  const watcher = vscode.workspace.createFileSystemWatcher(LABEL_FILES);
  return vscode.Disposable.from(
    changed,
    again,
    watcher,
    watcher.onDidChange(lookAgain),
    watcher.onDidCreate(lookAgain),
    watcher.onDidDelete(lookAgain),
    vscode.workspace.onDidChangeWorkspaceFolders(lookAgain),
    vscode.workspace.onDidGrantWorkspaceTrust(lookAgain),
    vscode.window.createTreeView('glassbox.labelFiles', { treeDataProvider: provider }),
  );
}

async function itemOf(uri: vscode.Uri): Promise<LabelsItem> {
  const { readLedger } = await import('../../labels/labelFile');
  try {
    const ledger = await readLedger(uri.fsPath);
    const done = new Set(ledger.finished().map(({ task }) => task.id)).size;
    return { uri, tasks: ledger.tasks.length, done };
  } catch (thrown) {
    return { uri, tasks: 0, done: 0, problem: messageOf(thrown) };
  }
}

function getTreeItem({ uri, tasks, done, problem }: LabelsItem): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.workspace.asRelativePath(uri));
  item.id = uri.toString();
  item.description = problem ?? vscode.l10n.t('{0} of {1} done', done, tasks);
  item.iconPath = new vscode.ThemeIcon(problem === undefined ? 'checklist' : 'warning');
  item.tooltip = uri.fsPath;
  const title = vscode.l10n.t('Open Labelling Desk');
  item.command = { command: 'vscode.openWith', title, arguments: [uri, VIEW] };
  return item;
}
