/** The tree "Corpora": one item a corpus. */
import * as vscode from 'vscode';
import type { CorpusSummary } from '../../protocol/corpusMessages';
import { countText } from '../formats';
import { liesIn } from '../models/modelOrder';
import { logError } from '../problems';
import type { Services } from '../services';
import { withRoot, workFolders } from '../workspace';

export class CorpusTree implements vscode.TreeDataProvider<CorpusSummary> {
  readonly #services: Pick<Services, 'corpora' | 'log'>;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Pick<Services, 'corpora' | 'log'>) {
    this.#services = services;
  }

  update(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(above?: CorpusSummary): Promise<CorpusSummary[]> {
    if (above) return [];
    const { corpora, log } = this.#services;
    const all = await corpora.ready().catch((thrown: unknown) => {
      logError(log, thrown);
      return corpora.list();
    });
    return [...all];
  }

  getTreeItem(corpus: CorpusSummary): vscode.TreeItem {
    const { folder, name, problem } = corpus;
    const item = new vscode.TreeItem(name);
    item.id = folder;
    item.description = withRoot(folder, corpusDescription(corpus));
    item.iconPath =
      problem === undefined
        ? new vscode.ThemeIcon('database')
        : new vscode.ThemeIcon('warning', new vscode.ThemeColor('charts.orange'));
    item.contextValue = contextOf(corpus);
    item.tooltip = folder;
    const label = `${name}, ${item.description}`;
    item.accessibilityInformation = { label, role: 'treeitem' };
    if (problem === undefined)
      item.command = {
        command: 'glassbox.showCorpusStatistics',
        title: vscode.l10n.t('Show Corpus Statistics'),
        arguments: [corpus],
      };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** `12 of 30 documents · 13k tokens`. */
export function corpusDescription(corpus: CorpusSummary): string {
  const { documentsIn, documentsKept, tokens, problem } = corpus;
  const { l10n } = vscode;
  if (problem !== undefined) return problem;
  return [
    l10n.t('{0} of {1} documents', countText(documentsKept), countText(documentsIn)),
    l10n.t('{0} tokens', countText(tokens)),
  ].join(' · ');
}

/**
 * `corpus.usable`, `corpus.empty` (nothing was kept) or `corpus.broken`, with `.own` where it lies in
 * this workspace: menus depend on it.
 */
function contextOf({ folder, documentsKept, problem }: CorpusSummary): string {
  const own = liesIn(
    folder,
    workFolders().map(({ uri }) => uri.fsPath),
  );
  const state = problem !== undefined ? 'broken' : documentsKept === 0 ? 'empty' : 'usable';
  return `corpus.${state}${own ? '.own' : ''}`;
}
