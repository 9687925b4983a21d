/** What models know, in VS Code: probing them, the list of probes, their tabs, teaching by them. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { registerCommand } from '../problems';
import { folderIn } from '../runs/pickRun';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import { requireWorkFolders } from '../workspace';
import type { ProbeTabs } from './probeTab';
import { probeDescription } from './probeTexts';
import { ProbeTree } from './probeTree';

const VIEW_TYPE = 'glassbox.probe';

export function registerKnowledge(services: Services): vscode.Disposable {
  const { log, models, probes, runs } = services;
  const tree = new ProbeTree(services);
  let opened: Promise<ProbeTabs> | undefined;
  // Schemas and tabs only once a probe is looked at.
  const tabs = (): Promise<ProbeTabs> =>
    (opened ??= import('./probeTab').then(({ probeTabs }) => probeTabs(services, VIEW_TYPE)));

  /** Does `work` to the probe that the command is about, if there is one. */
  async function withProbe(given: unknown, work: (folder: string) => unknown): Promise<void> {
    requireWorkFolders();
    const folder = folderIn(given) ?? (await pickProbe(services));
    if (folder !== undefined) await work(folder);
  }

  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('glassbox.probes', { treeDataProvider: tree }),
    probes.onDidChange(() => tree.update()),
    models.onDidChange(() => tree.update()),
    registerCommand(log, 'glassbox.probeKnowledge', async (given) => {
      const { probeKnowledge } = await import('./probeKnowledge');
      const named = folderIn(given);
      const model =
        named === undefined ? undefined : (runs.get(named)?.checkpoints.at(-1)?.folder ?? named);
      await probeKnowledge(services, model);
    }),
    registerCommand(log, 'glassbox.probeAgain', (given) =>
      withProbe(given, async (folder) => {
        const { probeAgain } = await import('./probeKnowledge');
        await probeAgain(services, folder);
      }),
    ),
    registerCommand(log, 'glassbox.teachRefusals', (given) =>
      withProbe(given, async (folder) => {
        const { teachRefusals } = await import('./teachRefusals');
        await teachRefusals(services, folder);
      }),
    ),
    registerCommand(log, 'glassbox.openProbe', (given) =>
      withProbe(given, async (folder) => (await tabs()).show({ folder })),
    ),
    registerCommand(log, 'glassbox.deleteProbe', (given) =>
      withProbe(given, (folder) => deleteProbe(services, folder)),
    ),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) =>
        (await tabs()).restore(panel, state),
    }),
    { dispose: () => void opened?.then((open) => open.dispose()) },
  );
}

interface ProbeItem extends vscode.QuickPickItem {
  readonly folder?: string;
}

/** The one that is picked, of the list or from elsewhere. */
async function pickProbe({ probes, models }: Services): Promise<string | undefined> {
  const { l10n, window } = vscode;
  const found = await probes.ready();
  const items: ProbeItem[] = found.map((probe) => ({
    folder: probe.folder,
    label: probe.name,
    description: probeDescription(probe, models.list()),
    detail: vscode.workspace.asRelativePath(probe.folder),
  }));
  const elsewhere = { label: l10n.t('$(folder) Choose a Folder...') };
  const placeHolder = l10n.t('Which probe?');
  const options = { placeHolder, matchOnDescription: true };
  const picked = await window.showQuickPick<ProbeItem>([...items, elsewhere], options);
  if (!picked || picked.folder !== undefined) return picked?.folder;
  const [chosen] =
    (await window.showOpenDialog({
      title: l10n.t('A Probe'),
      openLabel: l10n.t('Open Probe'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: requireWorkFolders()[0].uri,
    })) ?? [];
  return chosen?.fsPath;
}

async function deleteProbe({ probes }: Services, folder: string): Promise<void> {
  const { l10n, window } = vscode;
  if (!(await probes.ready()).some((probe) => probe.folder === folder))
    throw new GlassboxError('not-a-probe', l10n.t('{0} is no probe.', folder));
  const toTrash = l10n.t('Move to Trash');
  const answer = await window.showWarningMessage(
    l10n.t('Delete the probe "{0}"?', path.basename(folder)),
    { modal: true, detail: folder },
    toTrash,
  );
  if (answer !== toTrash) return;
  await moveToTrash(vscode.Uri.file(folder));
  await probes.refresh();
}
