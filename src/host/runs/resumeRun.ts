/**
 * Going on with a run when a person asks for it; from an older checkpoint where the newest turns out to
 * be damaged and they agree to part with that one.
 */
import * as vscode from 'vscode';
import { GlassboxError, hasCode } from '../../base/errors';
import type { RunKeeper } from './runKeeper';
import { moveToTrash } from './trash';

/** Throws what `RunKeeper.resume` throws, a damaged checkpoint apart. */
export async function resumeRun(keeper: RunKeeper, folder: string, steps?: number): Promise<void> {
  for (;;) {
    try {
      await keeper.resume(folder, steps);
      return;
    } catch (thrown) {
      if (!hasCode(thrown, 'checkpoint-damaged')) throw inUse(thrown);
      if (!(await setAside(keeper, folder, thrown))) return;
    }
  }
}

/** Asks, and moves the damaged checkpoint to the trash. `false` where a person doesn't want that. */
async function setAside(
  keeper: RunKeeper,
  folder: string,
  thrown: GlassboxError,
): Promise<boolean> {
  const { l10n, window } = vscode;
  // What this window knows of the run's checkpoints may be older than the disk.
  await keeper.refresh();
  const run = keeper.get(folder);
  const damaged = run?.checkpoints.find((each) => each.folder === thrown.details['checkpoint']);
  if (!run || !damaged) throw thrown;
  const older = run.checkpoints[run.checkpoints.indexOf(damaged) - 1];
  const resume = older ? l10n.t('Resume from Step {0}', older.step) : l10n.t('Begin Again');
  const way = older
    ? l10n.t('It can be moved to the trash, and the run resumed from step {0}.', older.step)
    : l10n.t(
        'It is the only one. It can be moved to the trash, and the run begun again on the same text.',
      );
  const answer = await window.showErrorMessage(
    l10n.t('"{0}" cannot be resumed from step {1}.', run.name, damaged.step),
    { modal: true, detail: `${thrown.message}\n\n${way}` },
    resume,
  );
  if (answer !== resume) return false;
  await moveToTrash(vscode.Uri.file(damaged.folder));
  await keeper.refresh();
  return true;
}

/** The engine's words for a folder that is taken are those of the command line. */
function inUse(thrown: unknown): unknown {
  if (!hasCode(thrown, 'run-busy')) return thrown;
  return new GlassboxError(
    'run-busy',
    vscode.l10n.t('This run is under way in another window or in a terminal.'),
    { remedy: vscode.l10n.t('Stop it there, then resume it here.'), cause: thrown },
  );
}
