/** The tree "Labels": one item a labels file, with how far it is. */
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import type { Ledger } from '../../labels/ledger';
import { Contexts } from '../contexts';
import { logError } from '../problems';
import { Throttle } from '../runs/throttle';
import type { Services } from '../services';
import { workFolders } from '../workspace';
import type { Desk } from './desk';
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

/** @param desks those that are open, by the URI of their file: they know it, and need not read it */
export function registerLabelTree(
  { log }: Pick<Services, 'log'>,
  desks: ReadonlyMap<string, Desk>,
): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const contexts = new Contexts();
  const again = new Throttle(LOOK_EVERY, () => changed.fire(undefined));
  const lookAgain = (): void => again.ask();
  /** Of files without a desk, which are read anew only where they have changed. */
  let counted = new Map<string, LabelsItem & { readonly stamp: string }>();

  async function look(): Promise<LabelsItem[]> {
    const found =
      workFolders().length === 0 ? [] : await vscode.workspace.findFiles(LABEL_FILES, UNUSED);
    const before = counted;
    counted = new Map();
    const items = await Promise.all(
      found
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map(async (uri) => {
          const key = uri.toString();
          const desk = desks.get(key);
          if (desk) return { uri, ...countIn(desk.ledger) };
          const item = await itemOf(uri, before.get(key));
          counted.set(key, item);
          return item;
        }),
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

async function itemOf(
  uri: vscode.Uri,
  before: (LabelsItem & { readonly stamp: string }) | undefined,
): Promise<LabelsItem & { readonly stamp: string }> {
  const { readLedger, stampOf } = await import('../../labels/labelLines');
  let stamp = '';
  try {
    stamp = await stampOf(uri.fsPath);
    if (before?.stamp === stamp) return before;
    return { uri, stamp, ...countIn(await readLedger(uri.fsPath)) };
  } catch (thrown) {
    return { uri, stamp, tasks: 0, done: 0, problem: messageOf(thrown) };
  }
}

function countIn(ledger: Ledger): Pick<LabelsItem, 'tasks' | 'done'> {
  const done = new Set(ledger.finished().map(({ task }) => task.id)).size;
  return { tasks: ledger.tasks.length, done };
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
