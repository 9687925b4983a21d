/** What a run looks like in words, icons and colours: the same in the tree, in lists, in the status bar. */
import * as vscode from 'vscode';
import { countText, durationText, lossText } from '../formats';
import { withRoot } from '../workspace';
import { isResumable } from './runView';
import type { RunView, ViewedState } from './runView';

export function stateText(state: ViewedState): string {
  const { l10n } = vscode;
  switch (state) {
    case 'starting':
      return l10n.t('starting');
    case 'running':
      return l10n.t('running');
    case 'stopping':
      return l10n.t('stopping');
    case 'elsewhere':
      return l10n.t('running in another window');
    case 'paused':
      return l10n.t('paused');
    case 'stopped':
      return l10n.t('stopped');
    case 'interrupted':
      return l10n.t('interrupted');
    case 'failed':
      return l10n.t('failed');
    case 'finished':
      return l10n.t('finished');
    case 'damaged':
      return l10n.t('damaged');
  }
}

const ICONS: Readonly<Record<ViewedState, readonly [icon: string, color?: string]>> = {
  starting: ['clock'],
  running: ['pulse', 'charts.green'],
  stopping: ['debug-stop', 'charts.yellow'],
  elsewhere: ['vm-running', 'charts.blue'],
  paused: ['debug-pause', 'charts.yellow'],
  stopped: ['circle-large-outline'],
  interrupted: ['debug-disconnect', 'charts.orange'],
  failed: ['error', 'charts.red'],
  finished: ['pass', 'charts.green'],
  damaged: ['warning', 'charts.orange'],
};

export function stateIcon(state: ViewedState): vscode.ThemeIcon {
  const [icon, color] = ICONS[state];
  return new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
}

/** `step 120/500`; where it is through, `500 steps`. */
function stepsText({ step, steps }: RunView): string {
  return step >= steps
    ? vscode.l10n.t('{0} steps', steps)
    : vscode.l10n.t('step {0}/{1}', step, steps);
}

/**
 * `step 120/500 · loss 2.31 · 3 min left`, its state where that says more; before it, in a workspace
 * of several folders, the name of its own.
 */
export function runDescription(run: RunView): string {
  return withRoot(run.folder, progressText(run));
}

function progressText(run: RunView): string {
  const { state, loss, valLoss, live } = run;
  if (state === 'damaged') return stateText(state);
  if (state === 'starting') return live?.note ?? stateText(state);
  const validated = state === 'finished' ? valLoss : undefined;
  const measured = validated ?? loss;
  const lossOf = (value: typeof measured): string[] => {
    if (value === undefined) return [];
    const text = lossText(value);
    return [
      validated == null
        ? vscode.l10n.t('loss {0}', text)
        : vscode.l10n.t('validation loss {0}', text),
    ];
  };
  const left = live?.secondsLeft;
  return [
    ...(state === 'running' || state === 'finished' ? [] : [stateText(state)]),
    stepsText(run),
    ...lossOf(measured),
    ...(state === 'running' && left !== undefined
      ? [vscode.l10n.t('{0} left', durationText(left))]
      : []),
  ].join(' · ');
}

/** For a screen reader, which does not see the icon. */
export function runLabel(run: RunView): string {
  const { name, state } = run;
  const description = runDescription(run);
  const said = stateText(state);
  return progressText(run).startsWith(said)
    ? `${name}, ${description}`
    : `${name}, ${said}, ${description}`;
}

export function runTooltip(run: RunView): vscode.MarkdownString {
  const { l10n } = vscode;
  const { name, state, loss, valLoss, tokens, checkpoints, problem, live, started, folder } = run;
  const checkpointText = ({ step }: (typeof checkpoints)[number]): string =>
    step === run.best ? l10n.t('{0} (best)', step) : String(step);
  const lines = [
    `${l10n.t('State')}: ${stateText(state)}`,
    ...(problem === undefined ? [] : [problem]),
    `${l10n.t('Step')}: ${run.step} / ${run.steps}`,
    ...(loss === undefined ? [] : [`${l10n.t('Training loss')}: ${lossText(loss)}`]),
    ...(valLoss === undefined ? [] : [`${l10n.t('Validation loss')}: ${lossText(valLoss)}`]),
    `${l10n.t('Tokens seen')}: ${countText(tokens)}`,
    ...(live && live.backend !== ''
      ? [
          `${l10n.t('Parameters')}: ${countText(live.parameters)}`,
          `${l10n.t('Speed')}: ${l10n.t('{0} tokens/s', countText(Math.round(live.tokensPerSecond)))}`,
          `${l10n.t('Device')}: ${live.backend}, ${live.precision}`,
        ]
      : []),
    ...(checkpoints.length === 0
      ? []
      : [`${l10n.t('Checkpoints')}: ${checkpoints.map(checkpointText).join(', ')}`]),
    `${l10n.t('Started')}: ${new Date(started).toLocaleString(vscode.env.language)}`,
    ...(isResumable(run) ? [l10n.t('It can be resumed.')] : []),
  ];
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(name).appendMarkdown('**\n\n');
  for (const line of lines) text.appendMarkdown('- ').appendText(line).appendMarkdown('\n');
  text.appendMarkdown('\n').appendText(folder);
  return text;
}

/** `CPU`, or what the engine calls the device that computes. */
export function shortDevice(backend: string): string {
  return /\bCPU\b/.test(backend) ? 'CPU' : backend;
}
