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
    const { folder, name, problem, unfinished } = corpus;
    const item = new vscode.TreeItem(name);
    item.id = folder;
    item.description = withRoot(folder, corpusDescription(corpus));
    item.iconPath = iconOf(corpus);
    item.contextValue = contextOf(corpus);
    item.tooltip = folder;
    const label = `${name}, ${item.description}`;
    item.accessibilityInformation = { label, role: 'treeitem' };
    if (problem === undefined && !unfinished)
      item.command = {
        command: 'glassbox.openCorpus',
        title: vscode.l10n.t('Open Corpus'),
        arguments: [corpus],
      };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function iconOf({ problem, unfinished }: CorpusSummary): vscode.ThemeIcon {
  const { ThemeColor, ThemeIcon } = vscode;
  if (problem !== undefined) return new ThemeIcon('warning', new ThemeColor('charts.orange'));
  if (!unfinished) return new ThemeIcon('database');
  return new ThemeIcon(unfinished.busy ? 'sync' : 'debug-pause');
}

/** `12 of 30 documents · 13k tokens`. */
export function corpusDescription(corpus: CorpusSummary): string {
  const { documentsIn, documentsKept, tokens, problem, unfinished } = corpus;
  const { l10n } = vscode;
  if (problem !== undefined) return problem;
  if (unfinished?.busy) return l10n.t('is being made');
  if (unfinished) {
    const { segments, segmentsDone } = unfinished;
    const share = segments === 0 ? 0 : Math.floor((100 * segmentsDone) / segments);
    return l10n.t('not finished, {0}% filtered', share);
  }
  return [
    l10n.t('{0} of {1} documents', countText(documentsKept), countText(documentsIn)),
    l10n.t('{0} tokens', countText(tokens)),
  ].join(' · ');
}

/**
 * `corpus.usable`, `corpus.empty` (nothing was kept), `corpus.unfinished`, `corpus.busy` or
 * `corpus.broken`, with `.own` where it lies in this workspace: menus depend on it.
 */
function contextOf(corpus: CorpusSummary): string {
  const { folder, documentsKept, problem, unfinished } = corpus;
  const own = liesIn(
    folder,
    workFolders().map(({ uri }) => uri.fsPath),
  );
  const begun = unfinished && (unfinished.busy ? 'busy' : 'unfinished');
  const made = documentsKept === 0 ? 'empty' : 'usable';
  const state = problem !== undefined ? 'broken' : (begun ?? made);
  return `corpus.${state}${own ? '.own' : ''}`;
}
