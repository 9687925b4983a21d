/**
 * The models that this window can use: asked of the engine when somebody first wants to know, and
 * again when runs have made others. In a folder that is not trusted there are none.
 */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { openCatalog } from '../catalog';
import type { Catalog } from '../catalog';
import { Contexts } from '../contexts';
import { tellError } from '../problems';
import type { Runs } from '../runs/runs';
import type { Services } from '../services';
import { onDidChangeSetting, settings } from '../settings';
import type { ModelCatalog } from './modelCatalog';
import { inOrder } from './modelOrder';
import { modelItems } from './modelTexts';

export function openModelCatalog(
  services: Pick<Services, 'engine' | 'log'>,
  runs: Runs,
): ModelCatalog & { dispose(): void } {
  const found = openCatalog(services, {
    look: (methods, folders, signal) => methods.models({ folders: [...folders] }, signal),
    moreFolders: () => settings.modelFolders(),
    listen: (lookAgain) =>
      vscode.Disposable.from(
        whenSaved(runs, lookAgain),
        onDidChangeSetting('models.folders', lookAgain),
      ),
    none: 'noModels',
  });
  const contexts = new Contexts();
  const setContext = (): void => {
    const trained = runs.list().some(({ checkpoints }) => checkpoints.length > 0);
    contexts.set('hasModels', found.list().length > 0 || trained);
  };
  const subscriptions = vscode.Disposable.from(
    found,
    found.onDidChange(setContext),
    runs.onDidChange(setContext),
  );
  const list = (): readonly ModelSummary[] =>
    inOrder(found.list(), (run) => runs.get(run)?.started);
  const catalog = { ...found, list, ready: () => found.ready().then(list) };
  return {
    ...catalog,
    choose: (title) => choose(title, catalog, services.log),
    dispose: () => void subscriptions.dispose(),
  };
}

/** Told when the runs' checkpoints are others than before. */
function whenSaved(runs: Runs, tell: () => void): vscode.Disposable {
  let before = '';
  return runs.onDidChange(() => {
    const now = runs
      .list()
      .flatMap(({ checkpoints, best }) => [...checkpoints.map(({ folder }) => folder), best])
      .join('\n');
    if (now === before) return;
    before = now;
    tell();
  });
}

/** A list that fills while it is open. */
async function choose(
  title: string,
  catalog: Catalog<ModelSummary>,
  log: vscode.LogOutputChannel,
): Promise<ModelSummary | undefined> {
  const picker = vscode.window.createQuickPick<ReturnType<typeof modelItems>[number]>();
  picker.title = title;
  picker.placeholder = vscode.l10n.t('Choose a model');
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  const fill = (): void => {
    picker.items = modelItems(catalog.list());
  };
  fill();
  const filling = catalog.onDidChange(fill);
  picker.busy = true;
  catalog
    .ready()
    .then(fill)
    .catch((thrown: unknown) => {
      picker.hide();
      return tellError(log, thrown);
    })
    .finally(() => (picker.busy = false));
  try {
    const chosen = await new Promise<(typeof picker.items)[number] | undefined>((resolve) => {
      picker.onDidAccept(() => resolve(picker.selectedItems[0]));
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
    if (chosen?.add) await vscode.commands.executeCommand('glassbox.addModelFolder');
    return chosen?.model;
  } finally {
    filling.dispose();
    picker.dispose();
  }
}
