/**
 * How often the model was right against how sure it was, by both measures: a picture each, and the same
 * as tables. Of two probes the earlier one is drawn behind.
 */
import { html, nothing, svg } from 'lit-html';
import type { SVGTemplateResult, TemplateResult } from 'lit-html';
import { confidencePoints } from '../../src/base/confidencePoints';
import type { ConfidenceBin, ConfidencePoint } from '../../src/base/confidencePoints';
import { t } from '../shared/l10n';
import { count, share } from '../shared/numbers';
import type { Found } from './page';
import { intervalText, sureText } from './words';

/** In the picture's own units. */
const SIZE = 240;
const BOX = { left: 40, top: 10 } as const;
const BARS = 34;
const WIDTH = BOX.left + SIZE + 12;
const HEIGHT = BOX.top + SIZE + BARS + 24;
const RADIUS = 4;

const xOf = (place: number): number => BOX.left + place * SIZE;
const yOf = (place: number): number => BOX.top + (1 - place) * SIZE;

type Measure = 'probability' | 'agreement';

function measureText(measure: Measure): string {
  return measure === 'probability'
    ? t('Probability of its least sure token')
    : t('Share of drawn answers that agree');
}

export function confidenceOf({ summary, before }: Found): TemplateResult {
  return html`<section class="confidence">
    <h2>${t('How sure it was, and how often right')}</h2>
    <p class="quiet legend-line">
      ${t('Refusals are not counted. On the dashed line it is as often right as it is sure; below it, too sure. The bars count answers.')}
      ${before ? html`<span class="key earlier">${t('before')}</span> <span class="key now">${t('now')}</span>` : nothing}
    </p>
    <div class="panels">
      ${(['probability', 'agreement'] as const).map(
        (measure) =>
          html`<figure>
            <figcaption>${measureText(measure)}</figcaption>
            ${pictureOf(measureText(measure), summary[measure], before?.[measure])}
          </figure>`,
      )}
    </div>
  </section>`;
}

function pictureOf(
  name: string,
  now: readonly ConfidenceBin[],
  before: readonly ConfidenceBin[] | undefined,
): TemplateResult {
  const points = confidencePoints(now);
  const label =
    points.length === 0
      ? t('{0}: no answer that is not a refusal', name)
      : t(
          '{0}: a picture of {1} points; their figures are in the tables below',
          name,
          points.length,
        );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>
    ${grid()} ${points.map(barOf)}
    ${before ? confidencePoints(before).map((point) => pointOf(point, 'earlier')) : nothing}
    ${points.map((point) => pointOf(point, 'now'))}
    ${
      points.length === 0
        ? svg`<text class="none" x=${xOf(0.5)} y=${yOf(0.5)} text-anchor="middle">${t('It refused every question.')}</text>`
        : nothing
    }
  </svg>`;
}

function grid(): SVGTemplateResult {
  return svg`<rect class="frame" x=${BOX.left} y=${BOX.top} width=${SIZE} height=${SIZE}></rect>
    ${[0.25, 0.5, 0.75].map(
      (place) =>
        svg`<line class="grid" x1=${xOf(0)} x2=${xOf(1)} y1=${yOf(place)} y2=${yOf(place)}></line>`,
    )}
    <line class="diagonal" x1=${xOf(0)} y1=${yOf(0)} x2=${xOf(1)} y2=${yOf(1)}></line>
    ${[0, 0.5, 1].map(
      (
        place,
      ) => svg`<text x=${BOX.left - 6} y=${yOf(place) + 4} text-anchor="end">${100 * place}%</text>
        <text x=${xOf(place)} y=${HEIGHT - 4} text-anchor="middle">${place}</text>`,
    )}`;
}

function barOf({ bin, filled }: ConfidencePoint): SVGTemplateResult {
  const tall = Math.max(1, filled * (BARS - 6));
  return svg`<rect class="count" x=${xOf(bin.from) + 1} y=${yOf(0) + 3}
    width=${Math.max(1, xOf(bin.to) - xOf(bin.from) - 2)} height=${tall}
    ><title>${t('{0} answers', count(bin.count))}</title></rect>`;
}

function pointOf(
  { bin, x, y, low, high }: ConfidencePoint,
  when: 'earlier' | 'now',
): SVGTemplateResult {
  const said = t(
    '{0} of {1} right, {2} {3}; sure to {4} on average',
    count(bin.right),
    count(bin.count),
    share(bin.right, bin.count),
    intervalText(bin.right, bin.count),
    sureText(x),
  );
  return svg`<g class="point ${when}"><title>${when === 'earlier' ? t('Before: {0}', said) : said}</title>
    <line x1=${xOf(x)} x2=${xOf(x)} y1=${yOf(low)} y2=${yOf(high)}></line>
    <circle cx=${xOf(x)} cy=${yOf(y)} r=${RADIUS}></circle></g>`;
}

/** The pictures' figures, for whoever reads rather than looks. */
export function binsOf({ summary, before }: Found): TemplateResult {
  return html`<div class="bins">
    ${(['probability', 'agreement'] as const).map(
      (measure) =>
        html`<table>
          <caption>
            ${measureText(measure)}
          </caption>
          <thead>
            <tr>
              <th scope="col">${t('From, to')}</th>
              ${before ? html`<th scope="col" class="number">${t('Right before')}</th>` : nothing}
              <th scope="col" class="number">${t('Right')}</th>
              <th scope="col" class="number">${t('Interval')}</th>
              <th scope="col" class="number">${t('Answers')}</th>
            </tr>
          </thead>
          <tbody>
            ${summary[measure].map((bin, at) => binRow(bin, before?.[measure][at]))}
          </tbody>
        </table>`,
    )}
  </div>`;
}

function binRow(
  now: ConfidenceBin,
  before: ConfidenceBin | undefined,
): TemplateResult | typeof nothing {
  if (now.count === 0 && (before?.count ?? 0) === 0) return nothing;
  const shown = ({ right, count: all }: ConfidenceBin): string =>
    all === 0 ? '–' : share(right, all);
  return html`<tr>
    <th scope="row">${t('{0} to {1}', now.from, now.to)}</th>
    ${before ? html`<td class="number quiet">${shown(before)}</td>` : nothing}
    <td class="number">${shown(now)}</td>
    <td class="number quiet">${intervalText(now.right, now.count)}</td>
    <td class="number">${count(now.count)}</td>
  </tr>`;
}
