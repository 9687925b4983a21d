/** A histogram of each measured value, stage by stage, with its thresholds as lines. */
import { html, nothing, svg } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { FILTER_STAGES } from '../../src/recipe/corpus';
import { isOn, thresholdIn } from '../../src/recipe/judging';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count, valueText } from '../shared/numbers';
import type { Measure, ShownRule } from './measures';
import type { Actions, Changed } from './page';
import { thresholdLine } from './thresholdLine';
import { limitText, stageHint, stageText } from './words';

export function histogramsOf(
  changed: Changed,
  folded: readonly string[],
  actions: Actions,
): TemplateResult {
  const { study, outcome } = changed;
  const stages = FILTER_STAGES.map((stage) => ({
    stage,
    measures: study.measures.filter((measure) => measure.stage === stage),
  })).filter(({ measures }) => measures.length > 0);
  return html`<section class="thresholds">
    <h2>${t('Thresholds')}</h2>
    <p class="quiet legend-line">
      <span class="key kept">${t('kept')}</span>
      <span class="key here">${t('dropped by this threshold')}</span>
      <span class="key lost">${t('dropped by another')}</span>
      ${t(
        'Drag a line, or move it with the arrow keys. Heights are square roots of counts, so that rare values can be seen.',
      )}
    </p>
    ${stages.map(
      ({ stage, measures }) =>
        html`<details
          class="stage ${isOn(outcome.settings, stage) ? '' : 'off'}"
          id="stage-${stage}"
          ?open=${!folded.includes(stage)}
          @toggle=${(event: Event) => {
            if (event.target instanceof HTMLDetailsElement)
              if (event.target.open === folded.includes(stage))
                actions.fold(stage, !event.target.open);
          }}
        >
          <summary>
            <h3>${stageText(stage)}</h3>
            <span class="quiet">${stageHint(stage)}</span>
            ${isOn(outcome.settings, stage) ? nothing : html`<span class="badge">${t('off')}</span>`}
          </summary>
          <div class="cards">${measures.map((measure) => cardOf(measure, changed, actions))}</div>
        </details>`,
    )}
  </section>`;
}

/** Documents in each bar, from the ground up: kept, dropped here, dropped elsewhere. */
interface Bars {
  readonly kept: number[];
  readonly here: number[];
  readonly lost: number[];
}

function barsOf({ stage, rules, scale, bins }: Measure, { outcome }: Changed): Bars {
  const empty = (): number[] => Array.from({ length: scale.bins }, () => 0);
  const bars: Bars = { kept: empty(), here: empty(), lost: empty() };
  const settings = new Set(rules.map(({ setting }) => setting));
  bins.forEach((bin, i) => {
    if (bin === undefined) return;
    const verdict = outcome.after.verdicts[i];
    const isHere = verdict?.stage === stage && settings.has(verdict.reason);
    bars[verdict ? (isHere ? 'here' : 'lost') : 'kept'][bin]!++;
  });
  return bars;
}

const HEIGHT = 100;

/** The outlines of a part of every bar, from `below` to `below` + `part`. */
function pathOf(
  part: readonly number[],
  below: readonly number[],
  totals: readonly number[],
): string {
  const most = Math.sqrt(Math.max(1, ...totals));
  return part
    .map((documents, bin) => {
      if (documents === 0) return '';
      const [total, under] = [totals[bin]!, below[bin]!];
      // One document shall be seen beside thousands.
      const height = Math.max(4, (HEIGHT * Math.sqrt(total)) / most);
      const from = HEIGHT - (height * under) / total;
      const to = HEIGHT - (height * (under + documents)) / total;
      return `M${bin + 0.06},${from.toFixed(2)}V${to.toFixed(2)}H${bin + 0.94}V${from.toFixed(2)}Z`;
    })
    .join('');
}

function pictureOf(measure: Measure, changed: Changed): TemplateResult {
  const { kept, here, lost } = barsOf(measure, changed);
  const sum = (a: readonly number[], b: readonly number[]): number[] => a.map((n, i) => n + b[i]!);
  const shown = sum(kept, here);
  const totals = sum(shown, lost);
  return html`<svg
    class="bars"
    viewBox="0 0 ${measure.scale.bins} ${HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${svg`<path class="kept" d=${pathOf(
      kept,
      kept.map(() => 0),
      totals,
    )} />
    <path class="here" d=${pathOf(here, kept, totals)} />
    <path class="lost" d=${pathOf(lost, shown, totals)} />`}
  </svg>`;
}

function cardOf(measure: Measure, changed: Changed, actions: Actions): TemplateResult {
  const { stage, name, rules, scale } = measure;
  const { outcome } = changed;
  const isChanged = rules.some(({ key }) => outcome.changed[key] !== undefined);
  return html`<figure class="card ${isChanged ? 'changed' : ''}" aria-label=${`${stage}.${name}`}>
    <figcaption>
      <span class="mono">${name}</span>
      <span class="quiet">${droppedText(measure, changed)}</span>
    </figcaption>
    <div class="plot">
      ${pictureOf(measure, changed)}
      ${rules.map((rule) => thresholdLine(measure, rule, changed, actions))}
    </div>
    <div class="axis" aria-hidden="true">
      <span>${valueText(scale.least)}</span>
      ${scale.logarithmic ? html`<span>${axisText(scale.valueAt(0.5))}</span>` : nothing}
      <span>${axisText(scale.most)}</span>
    </div>
    ${rules.map((rule) => ruleOf(rule, changed, actions))}
  </figure>`;
}

const axisText = (value: number): string => valueText(Number(value.toPrecision(2)));

function droppedText({ stage, rules }: Measure, { outcome }: Changed): string {
  const documents = rules.reduce(
    (sum, { setting }) => sum + (outcome.after.dropped[`${stage}.${setting}`] ?? 0),
    0,
  );
  return documents === 0 ? t('drops none') : t('drops {0}', count(documents));
}

/** The threshold in words and figures, and the way back to the recipe's. */
function ruleOf(
  { key, drops, description }: ShownRule,
  { study, outcome }: Changed,
  actions: Actions,
): TemplateResult {
  const threshold = thresholdIn(outcome.settings, key) ?? 0;
  const before = thresholdIn(study.settings, key) ?? 0;
  const isChanged = outcome.changed[key] !== undefined;
  return html`<div class="rule">
    <span title=${key}
      ><strong>${limitText(drops, threshold)}</strong>
      ${isChanged ? html`<s class="quiet">${valueText(before)}</s>` : nothing}</span
    >
    ${
      isChanged
        ? html`<vscode-button
            appearance="icon"
            aria-label=${t('Reset {0}', key)}
            title=${t('Reset')}
            @click=${() => actions.reset(key)}
            >${icon('discard')}</vscode-button
          >`
        : nothing
    }
    <span class="quiet description">${description}</span>
  </div>`;
}
