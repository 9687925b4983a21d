/** A chart with its title and its readout, which is its legend as well; and the page's toolbar. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import type { Chart } from './chart';
import { measure, place, short } from './format';
import { isHidden, readingOf, titleOf, validationAt, validationColor } from './lines';
import type { ChartName } from './lines';
import type { Axis } from './records';
import type { KnownRun } from './runState';
import { colorClass } from './theme';
import { sliderAt, smoothingAt } from './view';
import type { Range, View } from './view';

export interface Pointing {
  readonly runs: readonly KnownRun[];
  readonly view: View;
  readonly range: Range;
  /** Where a person points; `undefined` where they don't. */
  readonly at: number | undefined;
}

const valueText = (chart: ChartName, value: number | undefined): string =>
  chart === 'tokensPerSecond' ? short(value) : measure(value, chart === 'lr' ? 5 : 3);

/** What a chart says at a place, in words: for whoever doesn't see it. */
function spoken(chart: ChartName, { runs, view, at }: Pointing): string {
  const visible = runs.filter(({ folder }) => !isHidden(view, folder));
  const end = Math.max(0, ...visible.map(({ records }) => records.steps.last(view.axis) ?? 0));
  const values = visible.map((run) => {
    const training = valueText(chart, readingOf(run, view, chart, at).value);
    const value =
      chart === 'loss'
        ? t('training {0}, validation {1}', training, measure(validationAt(run, view, at)))
        : training;
    return runs.length > 1 ? `${run.shown.name}: ${value}` : value;
  });
  return `${place(view.axis, at ?? end)}: ${values.join('; ')}`;
}

interface SectionActions {
  readonly toggle: (name: string) => void;
  readonly key: (event: KeyboardEvent) => void;
}

export function chartSection(
  name: ChartName,
  chart: Chart,
  pointing: Pointing,
  { toggle, key }: SectionActions,
): TemplateResult {
  const { range, at } = pointing;
  return html`<section class="chart chart-${name}">
    <div class="row chart-title">
      <h2>${titleOf(name)}</h2>
      ${name === 'loss' ? lossLegend(pointing, toggle) : values(name, pointing)}
    </div>
    <div
      class="plot-frame"
      role="slider"
      tabindex="0"
      aria-label=${t('{0}: arrow keys read along, plus and minus zoom, Shift with an arrow key moves, 0 shows all', titleOf(name))}
      aria-valuemin=${range.from}
      aria-valuemax=${range.to}
      aria-valuenow=${at ?? range.to}
      aria-valuetext=${spoken(name, pointing)}
      @keydown=${key}
    >
      ${chart.element}
    </div>
  </section>`;
}

function values(name: ChartName, { runs, view, at }: Pointing): TemplateResult {
  return html`<span class="row values">
    ${runs.map((run, index) =>
      isHidden(view, run.folder)
        ? nothing
        : html`<span class="value" title=${run.shown.name}
            ><span class="swatch ${colorClass(index)}" aria-hidden="true"></span>${valueText(
              name,
              readingOf(run, view, name, at).value,
            )}</span
          >`,
    )}
  </span>`;
}

function lossLegend({ runs, view, at }: Pointing, toggle: (name: string) => void): TemplateResult {
  const one = runs.length === 1 ? runs[0] : undefined;
  const reading = one && readingOf(one, view, 'loss', at);
  const kind = (name: string, text: string, value: string, color: string) =>
    html`<button
      class="legend"
      aria-pressed=${!isHidden(view, name)}
      title=${t('Show or hide')}
      @click=${() => toggle(name)}
    >
      <span class="swatch ${name} ${color}" aria-hidden="true"></span>${text}${
        value === '' ? nothing : html` <b>${value}</b>`
      }
    </button>`;
  return html`<span class="row values">
    <span class="quiet where">${at === undefined ? '' : place(view.axis, at)}</span>
    ${kind(
      'training',
      t('Training'),
      reading ? measure(reading.value) : '',
      one ? colorClass(0) : 'any',
    )}
    ${
      reading?.raw === undefined
        ? nothing
        : html`<span class="quiet value">${t('raw {0}', measure(reading.raw))}</span>`
    }
    ${kind(
      'validation',
      t('Validation'),
      one ? measure(validationAt(one, view, at)) : '',
      one ? colorClass(validationColor(0, 1)) : 'any',
    )}
    ${
      one
        ? nothing
        : runs.map((run, index) =>
            isHidden(view, run.folder)
              ? nothing
              : html`<span class="value" title=${run.shown.name}
                  ><span class="swatch ${colorClass(index)}" aria-hidden="true"></span>${measure(
                    readingOf(run, view, 'loss', at).value,
                  )} <span class="quiet">/ ${measure(validationAt(run, view, at))}</span></span
                >`,
          )
    }
  </span>`;
}

export interface ToolbarActions {
  readonly chooseAxis: (axis: Axis) => void;
  readonly chooseLogarithmic: (on: boolean) => void;
  readonly chooseSmoothing: (smoothing: number) => void;
  readonly reset: () => void;
  readonly addRuns: () => void;
  readonly savePicture: () => void;
  readonly saveTable: () => void;
}

const AXES: readonly Axis[] = ['step', 'tokens', 'seconds'];
const axisText = (axis: Axis): string =>
  ({ step: t('Steps'), tokens: t('Tokens'), seconds: t('Training time') })[axis];

/** One stop of the Tab key, and arrows among the choices, as of any group of radio buttons. */
function chooseByKey(event: KeyboardEvent, now: Axis, { chooseAxis }: ToolbarActions): void {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const group = event.currentTarget;
  if (by === undefined || !(group instanceof HTMLElement)) return;
  event.preventDefault();
  const next = (AXES.indexOf(now) + by + AXES.length) % AXES.length;
  chooseAxis(AXES[next]!);
  group.querySelectorAll('button')[next]?.focus();
}

export function toolbarOf(view: View, actions: ToolbarActions): TemplateResult {
  return html`<div class="toolbar row" role="toolbar" aria-label=${t('Charts')}>
    <div
      class="choice"
      role="radiogroup"
      aria-label=${t('Horizontal axis')}
      @keydown=${(event: KeyboardEvent) => chooseByKey(event, view.axis, actions)}
    >
      ${AXES.map(
        (axis) =>
          html`<button
            role="radio"
            aria-checked=${view.axis === axis}
            tabindex=${view.axis === axis ? 0 : -1}
            @click=${() => actions.chooseAxis(axis)}
          >
            ${axisText(axis)}
          </button>`,
      )}
    </div>
    <vscode-checkbox
      .checked=${view.logarithmic}
      @change=${(event: Event) => {
        const { target } = event;
        if (target instanceof HTMLElement && 'checked' in target)
          actions.chooseLogarithmic(target.checked === true);
      }}
      >${t('Logarithmic')}</vscode-checkbox
    >
    <label class="row smoothing"
      >${t('Smoothing')}
      <input
        type="range"
        min="0"
        max="100"
        .value=${String(sliderAt(view.smoothing))}
        aria-valuetext=${view.smoothing.toFixed(3)}
        @input=${(event: Event) => {
          if (event.target instanceof HTMLInputElement)
            actions.chooseSmoothing(smoothingAt(Number(event.target.value)));
        }}
      />
      <span class="quiet number">${view.smoothing.toFixed(3)}</span>
    </label>
    <span class="row tools">
      ${
        view.range
          ? html`<vscode-button appearance="secondary" @click=${actions.reset}
              >${icon('screen-full')} ${t('Show all')}</vscode-button
            >`
          : nothing
      }
      <vscode-button appearance="secondary" @click=${actions.addRuns}
        >${icon('git-compare')} ${t('Compare...')}</vscode-button
      >
      ${save('device-camera', t('Save the charts as PNG'), actions.savePicture)}
      ${save('table', t('Save the values as CSV'), actions.saveTable)}
    </span>
  </div>`;
}

const save = (name: string, label: string, work: () => void): TemplateResult =>
  html`<vscode-button appearance="icon" aria-label=${label} title=${label} @click=${work}
    >${icon(name)}</vscode-button
  >`;
