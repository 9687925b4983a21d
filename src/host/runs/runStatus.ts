/** The status bar's item while something is trained in this window: which run, how far, how well. */
import * as vscode from 'vscode';
import { lossText } from '../formats';
import { runLabel, runTooltip, shortDevice, stateText } from './runTexts';
import { isActive } from './runView';
import type { RunView } from './runView';
import type { Runs } from './runs';

export function registerRunStatus(runs: Runs): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(
    'glassbox.run',
    vscode.StatusBarAlignment.Left,
    // Behind what the editor itself says there.
    -10,
  );
  item.name = vscode.l10n.t('Glassbox: Training');
  const update = (): void => {
    const active = runs.list().filter(isActive);
    const [run] = active;
    if (!run) {
      item.hide();
      return;
    }
    const others = active.length - 1;
    item.text = `$(pulse) ${statusText(run)}${others === 0 ? '' : ` · +${others}`}`;
    item.tooltip = runTooltip(run);
    item.accessibilityInformation = { label: runLabel(run) };
    item.command = {
      command: 'glassbox.openRun',
      title: vscode.l10n.t('Open Run'),
      // Several are looked at together.
      arguments: [others === 0 ? run.folder : active.map(({ folder }) => folder)],
    };
    item.show();
  };
  update();
  return vscode.Disposable.from(item, runs.onDidChange(update));
}

/** `moby-dick-tiny · 120/500 · loss 2.31 · CPU`. */
function statusText({ name, state, step, steps, loss, live }: RunView): string {
  if (state === 'starting') return `${name} · ${live?.note ?? stateText(state)}`;
  return [
    name,
    ...(state === 'stopping' ? [stateText(state)] : []),
    `${step}/${steps}`,
    ...(loss === undefined ? [] : [vscode.l10n.t('loss {0}', lossText(loss))]),
    ...(live && live.backend !== '' ? [shortDevice(live.backend)] : []),
  ].join(' · ');
}
