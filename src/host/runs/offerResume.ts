/** Offers to go on with what was cut off, once: by the window's closing, or by the engine's death. */
import * as vscode from 'vscode';
import { tellError } from '../problems';
import type { Services } from '../services';
import { settings } from '../settings';
import { isActive, isResumable } from './runView';
import type { RunView } from './runView';

const OFFERED = 'glassbox.offered';
/** Remembered at most: what was offered long ago comes no more. */
const MOST_OFFERED = 100;

export function registerOffers({
  context,
  engine,
  log,
  runs,
}: Pick<Services, 'context' | 'engine' | 'log' | 'runs'>): vscode.Disposable {
  /** Each run with the step it was cut off at: cut off again later, it is offered again. */
  const offered = new Set(context.workspaceState.get<readonly string[]>(OFFERED) ?? []);
  const keyOf = ({ folder, step }: RunView): string => `${folder}@${step}`;
  /** Those that the notice of a crash was about, which is not followed by another. */
  const told = new Set<string>();

  async function resumeAll(cutOff: readonly RunView[]): Promise<void> {
    for (const { folder } of cutOff) {
      try {
        await runs.resume(folder);
      } catch (thrown) {
        await tellError(log, thrown);
      }
    }
  }

  /** What was cut off before this window was opened, found on the disk. */
  async function offer(): Promise<void> {
    const found = runs
      .list()
      .filter((run) => run.state === 'interrupted' && isResumable(run) && !offered.has(keyOf(run)));
    if (found.length === 0 || !settings.offerResume()) return;
    for (const run of found) offered.add(keyOf(run));
    void context.workspaceState.update(OFFERED, [...offered].slice(-MOST_OFFERED));
    const cutOff = found.filter(({ folder }) => !told.has(folder));
    if (cutOff.length === 0) return;
    const [first] = cutOff;
    const { l10n, window } = vscode;
    const resume = l10n.t('Resume');
    const message =
      first && cutOff.length === 1
        ? l10n.t('"{0}" was cut off at step {1} of {2}.', first.name, first.step, first.steps)
        : l10n.t('{0} training runs were cut off.', cutOff.length);
    const answer = await window.showInformationMessage(message, resume, l10n.t('Not Now'));
    if (answer === resume) await resumeAll(cutOff);
  }

  /** One notice for the engine's death and for what it took with it. */
  async function tellCrash(): Promise<void> {
    // Told before the runs' own streams have failed: these are the ones that are cut off.
    const cutOff = runs.list().filter(isActive);
    for (const { folder } of cutOff) told.add(folder);
    const { l10n, window } = vscode;
    const showLog = l10n.t('Show Log');
    const resume = l10n.t('Resume');
    const [first] = cutOff;
    const what =
      first === undefined
        ? l10n.t('It starts again when it is needed.')
        : cutOff.length === 1
          ? l10n.t('"{0}" was cut off at step {1}.', first.name, first.step)
          : l10n.t('{0} training runs were cut off.', cutOff.length);
    const answer = await window.showErrorMessage(
      l10n.t('The Glassbox engine ended unexpectedly. {0}', what),
      ...(first === undefined ? [showLog] : [resume, showLog]),
    );
    if (answer === showLog) log.show();
    if (answer === resume) await resumeAll(cutOff);
  }

  return vscode.Disposable.from(
    runs.onDidChange(() => void offer()),
    engine.onDidCrash(() => void tellCrash()),
  );
}
