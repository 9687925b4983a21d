/** The same values as the charts show, as a table: some fifty steps of what is seen. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { t } from '../shared/l10n';
import { count, measure, short } from './format';
import { countBelow, countUpTo } from './columns';
import { isHidden, readingOf, titleOf, validationAt } from './lines';
import type { KnownRun } from './runState';
import type { Range, View } from './view';

const ROWS = 50;

/** Rows at equal distances, the first and the last among them. */
export function spread(first: number, end: number, most: number): number[] {
  const all = end - first;
  if (all <= most) return Array.from({ length: Math.max(0, all) }, (_, i) => first + i);
  return Array.from({ length: most }, (_, i) => first + Math.round((i * (all - 1)) / (most - 1)));
}

function tableOf(run: KnownRun, view: View, range: Range): TemplateResult {
  const { steps } = run.records;
  const places = steps.get(view.axis);
  const scaled = steps.get('lossScale').some((scale) => !Number.isNaN(scale));
  const rows = spread(countBelow(places, range.from), countUpTo(places, range.to), ROWS);
  return html`<table>
    <caption>
      ${run.shown.name}
    </caption>
    <thead>
      <tr>
        <th scope="col">${t('Step')}</th>
        <th scope="col">${t('Tokens')}</th>
        <th scope="col">${t('Training loss')}</th>
        <th scope="col">${t('Smoothed')}</th>
        <th scope="col">${t('Validation loss')}</th>
        <th scope="col">${titleOf('lr')}</th>
        <th scope="col">${titleOf('gradNorm')}</th>
        ${scaled ? html`<th scope="col">${t('Loss scale')}</th>` : nothing}
        <th scope="col">${titleOf('tokensPerSecond')}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map((row) => {
        const at = places[row];
        return html`<tr>
          <th scope="row">${count(steps.at('step', row))}</th>
          <td>${short(steps.at('tokens', row))}</td>
          <td>${measure(steps.at('loss', row))}</td>
          <td>${measure(readingOf(run, view, 'loss', at).value)}</td>
          <td>${measure(validationAt(run, view, at))}</td>
          <td>${measure(steps.at('lr', row), 5)}</td>
          <td>${measure(steps.at('gradNorm', row))}</td>
          ${scaled ? html`<td>${short(steps.at('lossScale', row))}</td>` : nothing}
          <td>${short(steps.at('tokensPerSecond', row))}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

export function tablesOf(runs: readonly KnownRun[], view: View, range: Range): TemplateResult[] {
  return runs
    .filter(({ folder }) => !isHidden(view, folder))
    .map((run) => html`<div class="scroll" tabindex="0">${tableOf(run, view, range)}</div>`);
}
