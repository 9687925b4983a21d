/** The tree "Runs": one item a run, each kept up to date alone. */
import * as vscode from 'vscode';
import type { Services } from '../services';
import { runDescription, runLabel, runTooltip, stateIcon } from './runTexts';
import { isActive, isResumable } from './runView';
import type { RunView } from './runView';

/** Its elements are the runs' folders, which commands take as well. */
export class RunTree implements vscode.TreeDataProvider<string> {
  readonly #runs: Services['runs'];
  readonly #changed = new vscode.EventEmitter<string | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  /** What the tree shows of each run. */
  #shown = new Map<string, string>();

  constructor(runs: Services['runs']) {
    this.#runs = runs;
  }

  /** Compares what there is with what is shown. */
  update(): void {
    const now = new Map(this.#runs.list().map((run) => [run.folder, fingerprint(run)]));
    const before = this.#shown;
    this.#shown = now;
    if ([...before.keys()].join('\n') !== [...now.keys()].join('\n')) {
      this.#changed.fire(undefined);
      return;
    }
    for (const [folder, text] of now) if (before.get(folder) !== text) this.#changed.fire(folder);
  }

  getChildren(folder?: string): string[] {
    return folder === undefined ? this.#runs.list().map((run) => run.folder) : [];
  }

  getTreeItem(folder: string): vscode.TreeItem {
    const run = this.#runs.get(folder);
    if (!run) return new vscode.TreeItem(folder);
    const item = new vscode.TreeItem(run.name);
    item.id = folder;
    item.description = runDescription(run);
    item.iconPath = stateIcon(run.state);
    item.contextValue = contextOf(run);
    item.accessibilityInformation = { label: runLabel(run), role: 'treeitem' };
    item.command = {
      command: 'glassbox.openRun',
      title: vscode.l10n.t('Open Run'),
      arguments: [folder],
    };
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, folder: string): vscode.TreeItem {
    const run = this.#runs.get(folder);
    if (run) item.tooltip = runTooltip(run);
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** `run.running`, `run.resumable`, ..., with `.checkpoint` where it has one: menus depend on it. */
function contextOf(run: RunView): string {
  const { state } = run;
  const kind =
    isActive(run) || state === 'elsewhere' || state === 'damaged'
      ? state === 'starting'
        ? 'running'
        : state
      : isResumable(run)
        ? 'resumable'
        : 'finished';
  return `run.${kind}${run.checkpoints.length > 0 ? '.checkpoint' : ''}`;
}

function fingerprint(run: RunView): string {
  return `${contextOf(run)}\n${run.state}\n${runDescription(run)}`;
}
