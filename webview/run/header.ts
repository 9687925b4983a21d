/** Where the runs stand, and what can be done to them. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { RunAction, ShownRun } from '../../src/protocol/runSurface';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { factsOf } from '../shared/tab';
import type { Fact } from '../shared/tab';
import { count, duration, measure, short, MISSING } from './format';
import type { KnownRun } from './runState';
import { colorClass } from './theme';

export interface RunActions {
  readonly act: (run: KnownRun, action: RunAction) => void;
  readonly toggleRun: (folder: string) => void;
}

const ICONS: Readonly<Record<ShownRun['state'], string>> = {
  starting: 'circle-large-outline',
  running: 'play-circle',
  stopping: 'stop-circle',
  paused: 'debug-pause',
  elsewhere: 'vm-running',
  finished: 'pass-filled',
  stopped: 'stop-circle',
  interrupted: 'warning',
  failed: 'error',
  damaged: 'error',
  missing: 'question',
};

export function stateText(state: ShownRun['state']): string {
  switch (state) {
    case 'starting':
      return t('Starting');
    case 'running':
      return t('Training');
    case 'stopping':
      return t('Stopping');
    case 'paused':
      return t('Paused');
    case 'elsewhere':
      return t('Runs in another process');
    case 'finished':
      return t('Finished');
    case 'stopped':
      return t('Stopped');
    case 'interrupted':
      return t('Interrupted');
    case 'failed':
      return t('Failed');
    case 'damaged':
      return t('Damaged');
    case 'missing':
      return t('Not found');
  }
}

function stateOf({ state }: ShownRun): TemplateResult {
  return html`<span class="state state-${state}">${icon(ICONS[state])} ${stateText(state)}</span>`;
}

function progressOf({ step, steps, name, state }: ShownRun): TemplateResult {
  const label = t('Progress of {0}', name);
  // Before the first step nobody knows how long it takes: a bar without a value says so.
  return state === 'starting'
    ? html`<progress aria-label=${label}></progress>`
    : html`<progress aria-label=${label} max=${Math.max(1, steps)} .value=${step}></progress>`;
}

/** The buttons of one run: those that make sense now. */
function buttonsOf(run: KnownRun, { act }: RunActions, small: boolean): TemplateResult {
  const { shown } = run;
  const button = (action: RunAction, name: string, label: string, main = false) =>
    small
      ? html`<vscode-button
          appearance="icon"
          aria-label=${`${label}: ${shown.name}`}
          title=${label}
          @click=${() => act(run, action)}
          >${icon(name)}</vscode-button
        >`
      : html`<vscode-button
          appearance=${main ? 'primary' : 'secondary'}
          @click=${() => act(run, action)}
          >${icon(name)} ${label}</vscode-button
        >`;
  const running = shown.state === 'running' || shown.state === 'starting';
  return html`${running ? button('pause', 'debug-pause', t('Pause')) : nothing}
  ${running ? button('stop', 'debug-stop', t('Stop')) : nothing}
  ${shown.resumable ? button('resume', 'debug-continue', t('Resume'), true) : nothing}
  ${shown.extendable && !shown.resumable ? button('further', 'debug-continue', t('Train Further...')) : nothing}
  ${shown.checkpoints.length > 0 ? button('chat', 'comment-discussion', t('Chat')) : nothing}
  ${shown.state === 'missing' ? nothing : button('recipe', 'json', t('Recipe'))}
  ${small ? button('remove', 'close', t('Remove from comparison')) : nothing}`;
}

function factsAbout({ shown, records }: KnownRun): Fact[] {
  const { live } = shown;
  const { steps, measurements } = records;
  const seconds = steps.last('seconds');
  const facts: Fact[] = [
    [t('Step'), `${count(shown.step)} / ${count(shown.steps)}`],
    [t('Training loss'), measure(steps.last('loss') ?? shown.loss)],
    [t('Validation loss'), measure(measurements.last('valLoss') ?? shown.valLoss)],
    [
      t('Bits per byte'),
      measure(measurements.last('bitsPerByte')),
      {
        title: t(
          'How many bits the model needs for a byte of held-out text: comparable between tokenizers.',
        ),
      },
    ],
    [t('Tokens per second'), short(live?.tokensPerSecond ?? steps.last('tokensPerSecond'))],
    live
      ? [t('Time left'), duration(live.secondsLeft)]
      : [t('Training time'), seconds === undefined ? MISSING : duration(seconds)],
    [t('Tokens'), short(steps.last('tokens') ?? shown.tokens)],
  ];
  if (shown.parameters !== undefined)
    facts.push([t('Parameters'), short(shown.parameters), { title: count(shown.parameters) }]);
  // In the engine's words: what computes, on what, with how many threads.
  if (live)
    facts.push([
      t('Device'),
      [live.backend, live.precision].filter((part) => part !== '').join(', '),
      { wide: true },
    ]);
  const megabytes = (bytes: number): string => t('{0} MB', count(Math.ceil(bytes / 1e6)));
  if (live?.gpuMemory !== undefined)
    facts.push([
      t('GPU memory'),
      megabytes(live.gpuMemory),
      { title: t('As planned before the run began: model, optimizer, step and measurements.') },
    ]);
  if (live?.memory !== undefined)
    facts.push([
      t('Memory'),
      megabytes(live.memory),
      { title: t("Of the engine's process, with all that it does now.") },
    ]);
  return facts;
}

/** The header where one run is shown. */
export function headerOfOne(run: KnownRun, actions: RunActions): TemplateResult {
  const { shown } = run;
  return html`<header>
    <div class="title">
      <h1 title=${shown.folder}>${shown.name}</h1>
      ${stateOf(shown)}
      <div class="row buttons">${buttonsOf(run, actions, false)}</div>
    </div>
    ${progressOf(shown)} ${factsOf(factsAbout(run))}
  </header>`;
}

/** The header where several are compared: a table, which is the charts' legend as well. */
export function headerOfSeveral(
  runs: readonly KnownRun[],
  hidden: readonly string[],
  actions: RunActions,
): TemplateResult {
  return html`<header>
    <div class="title"><h1>${t('{0} runs compared', runs.length)}</h1></div>
    <div class="scroll">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">${t('Run')}</th>
            <th scope="col">${t('State')}</th>
            <th scope="col">${t('Step')}</th>
            <th scope="col">${t('Training loss')}</th>
            <th scope="col">${t('Validation loss')}</th>
            <th scope="col">${t('Bits per byte')}</th>
            <th scope="col">${t('Tokens per second')}</th>
            <th scope="col">${t('Training time')}</th>
            <th scope="col"><span class="visually-hidden">${t('Actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          ${runs.map((run, index) => rowOf(run, index, !hidden.includes(run.folder), actions))}
        </tbody>
      </table>
    </div>
  </header>`;
}

function rowOf(run: KnownRun, index: number, visible: boolean, actions: RunActions) {
  const { shown, records } = run;
  const { steps, measurements } = records;
  return html`<tr>
    <th scope="row">
      <button
        class="legend"
        aria-pressed=${visible}
        title=${t('Show or hide')}
        @click=${() => actions.toggleRun(run.folder)}
      >
        <span class="swatch ${colorClass(index)}" aria-hidden="true"></span>${shown.name}
      </button>
    </th>
    <td>${stateOf(shown)}</td>
    <td>${count(shown.step)} / ${count(shown.steps)} ${progressOf(shown)}</td>
    <td>${measure(steps.last('loss') ?? shown.loss)}</td>
    <td>${measure(measurements.last('valLoss') ?? shown.valLoss)}</td>
    <td>${measure(measurements.last('bitsPerByte'))}</td>
    <td>${short(shown.live?.tokensPerSecond ?? steps.last('tokensPerSecond'))}</td>
    <td>${duration(steps.last('seconds'))}</td>
    <td><div class="row buttons">${buttonsOf(run, actions, true)}</div></td>
  </tr>`;
}
