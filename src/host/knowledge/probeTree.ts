/** The tree "Probes": one item a probe, the newest first. */
import * as vscode from 'vscode';
import type { ProbeSummary } from '../../protocol/knowledgeMessages';
import { liesIn } from '../models/modelOrder';
import { logError } from '../problems';
import type { Services } from '../services';
import { withRoot, workFolders } from '../workspace';
import { aboutText, probeDescription } from './probeTexts';

export class ProbeTree implements vscode.TreeDataProvider<ProbeSummary> {
  readonly #services: Pick<Services, 'probes' | 'models' | 'log'>;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Pick<Services, 'probes' | 'models' | 'log'>) {
    this.#services = services;
  }

  update(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(above?: ProbeSummary): Promise<ProbeSummary[]> {
    if (above) return [];
    const { probes, log } = this.#services;
    const all = await probes.ready().catch((thrown: unknown) => {
      logError(log, thrown);
      return probes.list();
    });
    return [...all];
  }

  getTreeItem(probe: ProbeSummary): vscode.TreeItem {
    const { folder, name } = probe;
    const item = new vscode.TreeItem(name);
    item.id = folder;
    item.description = withRoot(folder, probeDescription(probe, this.#services.models.list()));
    item.iconPath = new vscode.ThemeIcon('beaker');
    const own = liesIn(
      folder,
      workFolders().map(({ uri }) => uri.fsPath),
    );
    item.contextValue = own ? 'probe.own' : 'probe';
    const about = aboutText(probe);
    item.tooltip = about === undefined ? folder : `${about}\n${folder}`;
    item.accessibilityInformation = { label: `${name}, ${item.description}`, role: 'treeitem' };
    item.command = {
      command: 'glassbox.openProbe',
      title: vscode.l10n.t('Open Probe'),
      arguments: [probe],
    };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
