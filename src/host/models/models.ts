/**
 * The models that this window can use: asked of the engine when somebody first wants to know, and
 * again when runs have made others. In a folder that is not trusted there are none.
 */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { Contexts } from '../contexts';
import { logError, tellError } from '../problems';
import { Throttle } from '../runs/throttle';
import type { Runs } from '../runs/runs';
import type { Services } from '../services';
import { onDidChangeSetting, settings } from '../settings';
import { workFolders } from '../workspace';
import type { ModelCatalog } from './modelCatalog';
import { inOrder } from './modelOrder';
import { modelItems } from './modelTexts';

/** Milliseconds between two looks at the disk. */
const LOOK_EVERY = 1000;

export function openModelCatalog(
  { engine, log }: Pick<Services, 'engine' | 'log'>,
  runs: Runs,
): ModelCatalog & { dispose(): void } {
  const changed = new vscode.EventEmitter<void>();
  const closing = new AbortController();
  let found: readonly ModelSummary[] = [];
  let looked = false;
  let looking: Promise<readonly ModelSummary[]> | undefined;

  const list = (): readonly ModelSummary[] => inOrder(found, (run) => runs.get(run)?.started);

  async function look(): Promise<readonly ModelSummary[]> {
    const folders = vscode.workspace.isTrusted
      ? [...workFolders().map(({ uri }) => uri.fsPath), ...settings.modelFolders()]
      : [];
    if (folders.length === 0) found = [];
    else found = await (await engine.methods()).models({ folders }, closing.signal);
    looked = true;
    changed.fire();
    setContexts();
    return list();
  }

  function ready(): Promise<readonly ModelSummary[]> {
    looking ??= look().catch((thrown: unknown) => {
      looking = undefined;
      throw thrown;
    });
    return looking.then(list);
  }

  async function refresh(): Promise<void> {
    looking = undefined;
    await ready();
  }

  /** Where nobody ever asked, nothing is looked for. */
  const again = new Throttle(LOOK_EVERY, () => {
    if (looking) refresh().catch((thrown: unknown) => logError(log, thrown));
  });
  const lookAgain = (): void => again.ask();

  const contexts = new Contexts();
  function setContexts(): void {
    const trained = runs.list().some(({ checkpoints }) => checkpoints.length > 0);
    contexts.set('hasModels', found.length > 0 || trained);
    // The view says that there is none only once somebody has looked.
    contexts.set('noModels', looked && found.length === 0);
  }

  let checkpoints = '';
  const subscriptions = vscode.Disposable.from(
    changed,
    again,
    runs.onDidChange(() => {
      setContexts();
      const now = runs
        .list()
        .flatMap(({ checkpoints: saved, best }) => [...saved.map(({ folder }) => folder), best])
        .join('\n');
      if (now === checkpoints) return;
      checkpoints = now;
      lookAgain();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(lookAgain),
    vscode.workspace.onDidGrantWorkspaceTrust(lookAgain),
    engine.onDidMend(() => void refresh().catch((thrown: unknown) => logError(log, thrown))),
    onDidChangeSetting('models.folders', lookAgain),
  );

  return {
    list,
    ready,
    onDidChange: changed.event,
    refresh,
    choose: (title) => choose(title, { list, ready, onDidChange: changed.event }, log),
    dispose: () => {
      closing.abort();
      subscriptions.dispose();
    },
  };
}

/** A list that fills while it is open. */
async function choose(
  title: string,
  catalog: Pick<ModelCatalog, 'list' | 'ready' | 'onDidChange'>,
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
