/** Corpora in VS Code: their tree, making one, looking into one, training on one. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import type { CorpusSummary } from '../../protocol/corpusMessages';
import { registerCommand } from '../problems';
import { folderIn } from '../runs/pickRun';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import { requireWorkFolders } from '../workspace';
import type { CorpusCatalog } from './corpusCatalog';
import { registerCorpusFiles } from './corpusFiles';
import type { CorpusTabs } from './corpusTab';
import { corpusDescription, CorpusTree } from './corpusTree';

const VIEW_TYPE = 'glassbox.corpus';

export function registerCorpora(services: Services): vscode.Disposable {
  const { log, corpora } = services;
  const tree = new CorpusTree(services);
  const shown = registerCorpusFiles(services);
  let opened: Promise<CorpusTabs> | undefined;
  // Schemas and tabs only once a corpus is looked at.
  const tabs = (): Promise<CorpusTabs> =>
    (opened ??= import('./corpusTab').then(({ corpusTabs }) =>
      corpusTabs(services, shown.files, VIEW_TYPE),
    ));

  /** Does `work` to the corpus that the command is about, if there is one. */
  async function withCorpus(
    given: unknown,
    fits: (corpus: CorpusSummary) => boolean,
    work: (folder: string) => Promise<unknown>,
  ): Promise<void> {
    requireWorkFolders();
    const folder = folderIn(given) ?? (await pickCorpus(corpora, fits));
    if (folder !== undefined) await work(folder);
  }
  const isSound = ({ problem, unfinished }: CorpusSummary): boolean =>
    problem === undefined && unfinished === undefined;

  return vscode.Disposable.from(
    tree,
    shown,
    vscode.window.createTreeView('glassbox.corpora', { treeDataProvider: tree }),
    corpora.onDidChange(() => tree.update()),
    registerCommand(log, 'glassbox.curateCorpus', async (given) => {
      const { curateCorpus } = await import('./curateCorpus');
      await curateCorpus(services, given instanceof vscode.Uri ? given : undefined);
    }),
    registerCommand(log, 'glassbox.curateFromRecipe', async (given) => {
      const { curateFromRecipe } = await import('./curateCorpus');
      await curateFromRecipe(services, given);
    }),
    registerCommand(log, 'glassbox.trainOnCorpus', (given) =>
      withCorpus(
        given,
        (corpus) => isSound(corpus) && corpus.documentsKept > 0,
        async (folder) => {
          const { newRun } = await import('../runs/newRun');
          const text = { paths: [folder], name: path.basename(folder) };
          await newRun(services, vscode.Uri.file(folder), text);
        },
      ),
    ),
    registerCommand(log, 'glassbox.openCorpus', (given) =>
      withCorpus(given, isSound, async (folder) => (await tabs()).show({ folder })),
    ),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) =>
        (await tabs()).restore(panel, state),
    }),
    { dispose: () => void opened?.then((open) => open.dispose()) },
    registerCommand(log, 'glassbox.openCorpusDocument', (given) =>
      withCorpus(given, isSound, async (folder) => {
        const { openDocument } = await import('./openDocument');
        await openDocument(services, shown.files, folder);
      }),
    ),
    registerCommand(log, 'glassbox.goOnWithCorpus', (given) =>
      withCorpus(
        given,
        ({ unfinished }) => unfinished?.busy === false,
        async (folder) => {
          const { goOnWithCorpus } = await import('./curateCorpus');
          await goOnWithCorpus(services, folder);
        },
      ),
    ),
    registerCommand(log, 'glassbox.deleteCorpus', (given) =>
      withCorpus(
        given,
        ({ unfinished }) => unfinished?.busy !== true,
        (folder) => deleteCorpus(services, folder),
      ),
    ),
  );
}

/** The only one that fits, else the one that is picked. */
async function pickCorpus(
  corpora: CorpusCatalog,
  fits: (corpus: CorpusSummary) => boolean,
): Promise<string | undefined> {
  const { l10n, window } = vscode;
  const fitting = (await corpora.ready()).filter(fits);
  const [only] = fitting;
  if (!only)
    throw new GlassboxError('no-corpus', l10n.t('There is no corpus in this workspace.'), {
      remedy: l10n.t('Make one with "Glassbox: Curate Corpus...".'),
    });
  if (fitting.length === 1) return only.folder;
  const items = fitting.map((corpus) => ({
    folder: corpus.folder,
    label: corpus.name,
    description: corpusDescription(corpus),
  }));
  const placeHolder = l10n.t('Which corpus?');
  return (await window.showQuickPick(items, { placeHolder }))?.folder;
}

async function deleteCorpus({ corpora }: Services, folder: string): Promise<void> {
  const { l10n, window } = vscode;
  const toTrash = l10n.t('Move to Trash');
  const answer = await window.showWarningMessage(
    l10n.t('Delete the corpus "{0}"?', path.basename(folder)),
    { modal: true, detail: folder },
    toTrash,
  );
  if (answer !== toTrash) return;
  await moveToTrash(vscode.Uri.file(folder));
  await corpora.refresh();
}
