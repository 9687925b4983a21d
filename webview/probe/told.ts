/** By how often the training text tells a fact, where that is known: what the model says. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { t } from '../shared/l10n';
import { count, share } from '../shared/numbers';
import type { Found } from './page';
import { intervalText, toldText } from './words';

export function toldOf({ summary, before }: Found): TemplateResult | typeof nothing {
  if (summary.told.length === 0) return nothing;
  return html`<table class="told">
    <caption>
      ${t('By how often the training text tells it')}
    </caption>
    <thead>
      <tr>
        <th scope="col">${t('The fact was')}</th>
        ${before ? html`<th scope="col">${t('Probe')}</th>` : nothing}
        <th scope="col" class="number">${t('Questions')}</th>
        <th scope="col" class="number">${t('Right')}</th>
        <th scope="col" class="number">${t('Made up or wrong')}</th>
        <th scope="col" class="number">${t('Refused')}</th>
      </tr>
    </thead>
    <tbody>
      ${summary.told.flatMap((now) => {
        const earlier = before?.told.find(({ row }) => row === now.row);
        return earlier
          ? [rowOf(earlier, t('before'), true), rowOf(now, t('now'), false)]
          : [rowOf(now, before && t('now'), true)];
      })}
    </tbody>
  </table>`;
}

type Row = Found['summary']['told'][number];

function rowOf(
  { row, right, wrong, refused }: Row,
  probe: string | undefined,
  isNamed: boolean,
): TemplateResult {
  const all = right + wrong + refused;
  const cell = (hits: number): TemplateResult =>
    html`<td class="number">
      ${share(hits, all)} <span class="quiet">${intervalText(hits, all)}</span>
    </td>`;
  return html`<tr>
    <th scope="row">
      ${isNamed ? toldText(row) : html`<span class="visually-hidden">${toldText(row)}</span>`}
    </th>
    ${probe === undefined ? nothing : html`<td class="quiet">${probe}</td>`}
    <td class="number">${count(all)}</td>
    ${cell(right)}${cell(wrong)}${cell(refused)}
  </tr>`;
}
