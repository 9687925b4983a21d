/** The tree "Models": one item a model; a run's older checkpoints are below its newest. */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { logError } from '../problems';
import type { Services } from '../services';
import { withRoot, workFolders } from '../workspace';
import { liesIn, newestOf, olderThan } from './modelOrder';
import { modelDescription, modelTooltip } from './modelTexts';

/** Its elements are the models' folders, which commands take as well. */
export class ModelTree implements vscode.TreeDataProvider<string> {
  readonly #services: Pick<Services, 'models' | 'log'>;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Pick<Services, 'models' | 'log'>) {
    this.#services = services;
  }

  update(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(folder?: string): Promise<string[]> {
    const { models, log } = this.#services;
    const all = await models.ready().catch((thrown: unknown) => {
      logError(log, thrown);
      return models.list();
    });
    const of = all.find((model) => model.folder === folder);
    const shown = folder === undefined ? newestOf(all) : of ? olderThan(of, all) : [];
    return shown.map((model) => model.folder);
  }

  getTreeItem(folder: string): vscode.TreeItem {
    const all = this.#services.models.list();
    const model = all.find((each) => each.folder === folder);
    if (!model) return new vscode.TreeItem(folder);
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const isNewest = newestOf(all).includes(model);
    const hasOlder = isNewest && olderThan(model, all).length > 0;
    const item = new vscode.TreeItem(model.name, hasOlder ? Collapsed : None);
    item.id = folder;
    item.description = withRoot(folder, modelDescription(model));
    item.iconPath = iconOf(model);
    item.contextValue = contextOf(model);
    const where = model.run ? vscode.l10n.t('trained here') : vscode.l10n.t('found');
    const label = `${model.name}, ${where}, ${item.description}`;
    item.accessibilityInformation = { label, role: 'treeitem' };
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, folder: string): vscode.TreeItem {
    const model = this.#services.models.list().find((each) => each.folder === folder);
    if (model) item.tooltip = modelTooltip(model);
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function iconOf({ problem, run, chat }: ModelSummary): vscode.ThemeIcon {
  if (problem !== undefined)
    return new vscode.ThemeIcon('warning', new vscode.ThemeColor('charts.orange'));
  if (run?.best) return new vscode.ThemeIcon('star-full', new vscode.ThemeColor('charts.yellow'));
  return new vscode.ThemeIcon(chat ? 'comment-discussion' : run ? 'beaker' : 'library');
}

/**
 * `model.usable` or `model.broken`, with `.own` where it lies in this workspace and is no run's
 * checkpoint: menus depend on it.
 */
function contextOf({ problem, folder, run }: ModelSummary): string {
  const own =
    !run &&
    liesIn(
      folder,
      workFolders().map(({ uri }) => uri.fsPath),
    );
  return `model.${problem === undefined ? 'usable' : 'broken'}${own ? '.own' : ''}`;
}
