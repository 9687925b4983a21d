/** The table: what the model knew, and what it says; before and now where there are two probes. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { wilson } from '../../src/base/wilson';
import { t } from '../shared/l10n';
import { count, share } from '../shared/numbers';
import { styled } from '../shared/styled';
import { groupsOf } from './figures';
import type { Group, Knew, Said } from './figures';
import type { Found } from './page';
import { intervalText, saidText } from './words';

/** In the order in which they are read; the first is what one hopes for. */
const SAID: Readonly<Record<Knew, readonly Said[]>> = {
  knew: ['right', 'refused', 'wrong'],
  ignorant: ['refused', 'wrong', 'right'],
  unsure: ['right', 'refused', 'wrong'],
};

type Tone = 'good' | 'bad' | 'other';

function toneOf(knew: Knew, said: Said): Tone {
  if (knew === 'unsure') return 'other';
  if (said === 'refused') return knew === 'ignorant' ? 'good' : 'bad';
  if (knew === 'knew') return said === 'right' ? 'good' : 'other';
  return said === 'wrong' ? 'bad' : 'other';
}

export function outcomeOf({ summary, before }: Found): TemplateResult {
  const [now, earlier] = [groupsOf(summary.table), before && groupsOf(before.table)];
  return html`<section class="outcome">
    <h2>${t('What it knew, and what it says')}</h2>
    <p class="quiet legend-line">
      ${
        before
          ? t(
              'What it knew is what the earlier probe found. Shares of likeliest answers, with intervals of 95%.',
            )
          : t(
              'What it knew is what most of the drawn answers show. Shares of likeliest answers, with intervals of 95%.',
            )
      }
    </p>
    <div class="scroll">
      <table>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">${t('What it says')}</th>
            ${before ? html`<th scope="col">${t('Probe')}</th>` : nothing}
            <th scope="col">${t('Share, drawn')}</th>
            <th scope="col">${t('Share')}</th>
            <th scope="col">${t('Interval')}</th>
            <th scope="col">${t('Questions')}</th>
          </tr>
        </thead>
        ${now.map((group, at) => bodyOf(group, earlier?.[at]))}
      </table>
    </div>
  </section>`;
}

function headOf(knew: Knew, all: number): string {
  switch (knew) {
    case 'knew':
      return t('It knew the answer: {0}', count(all));
    case 'ignorant':
      return t("It didn't know the answer: {0}", count(all));
    case 'unsure':
      return t('It knew now and then: {0}', count(all));
  }
}

function bodyOf(now: Group, before: Group | undefined): TemplateResult | typeof nothing {
  if (now.all === 0) return nothing;
  const { knew } = now;
  return html`<tbody class=${knew}>
    <tr class="group">
      <th scope="rowgroup" colspan=${before ? 6 : 5}>${headOf(knew, now.all)}</th>
    </tr>
    ${SAID[knew].map((said) => {
      const tone = toneOf(knew, said);
      const name = saidText(knew, said);
      if (!before) return rowOf(name, tone, said, now, undefined);
      return [rowOf(name, tone, said, before, t('before')), rowOf('', tone, said, now, t('now'))];
    })}
  </tbody>`;
}

function rowOf(
  name: string,
  tone: Tone,
  said: Said,
  { counts, all }: Group,
  probe: string | undefined,
): TemplateResult {
  const hits = counts[said];
  const isFirst = name !== '';
  const rows = probe === undefined ? 1 : 2;
  return html`<tr class="${tone} ${probe !== undefined && isFirst ? 'earlier' : 'latest'}">
    ${isFirst ? html`<th scope="row" rowspan=${rows}>${name}</th>` : nothing}
    ${probe === undefined ? nothing : html`<td class="quiet probe">${probe}</td>`}
    <td class="bar-cell">${barOf(hits, all)}</td>
    <td class="number share">${all === 0 ? '–' : share(hits, all)}</td>
    <td class="number quiet">${intervalText(hits, all)}</td>
    <td class="number quiet">${count(hits)}</td>
  </tr>`;
}

/** A bar with its interval on it. */
function barOf(hits: number, all: number): TemplateResult {
  if (all === 0) return html`<div class="share-bar"></div>`;
  const [low, high] = wilson(hits, all);
  const percent = (value: number): string => `${(100 * value).toFixed(2)}%`;
  return html`<div class="share-bar">
    <span class="bar" ${styled({ width: percent(hits / all) })}></span>
    <span class="interval" ${styled({ left: percent(low), width: percent(high - low) })}></span>
  </div>`;
}
