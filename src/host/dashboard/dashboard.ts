/** The run dashboard: `glassbox.openRun`, and the tabs that a reload of the window brings back. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import type { DashboardPanels } from './panels';
import { pickRuns } from '../runs/pickRun';
import { foldersOf } from '../runs/targets';

const VIEW_TYPE = 'glassbox.run';

export function registerDashboard(services: Services): vscode.Disposable {
  let loading: Promise<DashboardPanels> | undefined;
  // Schemas and tabs only once a run is looked at.
  const panels = (): Promise<DashboardPanels> =>
    (loading ??= import('./panels').then(({ dashboardPanels }) =>
      dashboardPanels(services, VIEW_TYPE),
    ));

  async function openRun(target?: unknown, selected?: unknown): Promise<void> {
    const named = foldersOf(target, selected);
    const folders = named.length > 0 ? named : await pick();
    if (folders.length === 0) return;
    (await panels()).show({ folders: [...folders] });
    services.walkthrough.done('watch');
  }

  function pick(): Promise<string[]> {
    const title = vscode.l10n.t('Open Run');
    return pickRuns(services.runs, { title, many: false });
  }

  return vscode.Disposable.from(
    registerCommand(services.log, 'glassbox.openRun', openRun),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) =>
        (await panels()).restore(panel, state),
    }),
    { dispose: () => void loading?.then((open) => open.dispose()) },
  );
}
