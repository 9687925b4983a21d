/**
 * The picture of a probe: how often the model was right, against how sure it was, once by the
 * probability of its tokens and once by the agreement of its samples. Each point is a tenth of the
 * scale, with Wilson's interval; below it how many answers there are. On the diagonal the model is as
 * often right as it is sure.
 */
import { confidencePoints } from '../../base/confidencePoints';
import type { ConfidenceBin } from '../../base/confidencePoints';
import type { KnowledgeSummary } from './statistics';

const WIDTH = 360;
const HEIGHT = 330;
const BOX = { left: 52, top: 34, size: 240 } as const;
/** Of the bars that count. */
const BARS = 34;

const place = (share: number): readonly [x: number, y: number] => [
  BOX.left + share * BOX.size,
  BOX.top + (1 - share) * BOX.size,
];
const round = (value: number): string => value.toFixed(1);

/** An SVG of its own colours that suits light and dark pages. */
export function confidenceChart({ probability, agreement }: KnowledgeSummary): string {
  const panels = [
    panel(probability, 'its least sure token’s probability', 0),
    panel(agreement, 'the share of samples that agree', WIDTH),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${HEIGHT}" width="${2 * WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="11">`,
    '<title>How often the answers were right, against how sure the model was</title>',
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panel(bins: readonly ConfidenceBin[], what: string, shift: number): string {
  const [right, top] = place(1);
  const [left, bottom] = place(0);
  const parts = [
    `<g transform="translate(${shift} 0)">`,
    `<text x="${left}" y="20" fill="#222222" font-size="12">Right answers by ${what}</text>`,
    `<rect x="${left}" y="${top}" width="${BOX.size}" height="${BOX.size}" fill="none" stroke="#bbbbbb"/>`,
    `<line x1="${left}" y1="${bottom}" x2="${right}" y2="${top}" stroke="#bbbbbb" stroke-dasharray="4 4"/>`,
  ];
  for (const share of [0, 0.5, 1]) {
    const [x, y] = place(share);
    parts.push(
      `<text x="${left - 6}" y="${round(y + 4)}" text-anchor="end" fill="#555555">${100 * share}%</text>`,
      `<text x="${round(x)}" y="${bottom + BARS + 16}" text-anchor="middle" fill="#555555">${share}</text>`,
    );
  }
  for (const { bin, x: sure, y: often, low, high, filled } of confidencePoints(bins)) {
    const { from, to, count, right: hits } = bin;
    const [x, y] = [place(sure)[0], place(often)[1]];
    const [begin, end] = [place(from)[0], place(to)[0]];
    const tall = filled * (BARS - 6);
    parts.push(
      `<rect x="${round(begin + 1)}" y="${bottom + 3}" width="${round(end - begin - 2)}" height="${round(tall)}" fill="#9db8d9"><title>${count} answers</title></rect>`,
      `<line x1="${round(x)}" y1="${round(place(low)[1])}" x2="${round(x)}" y2="${round(place(high)[1])}" stroke="#2f6db3"/>`,
      `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="#2f6db3"><title>${hits} of ${count} right</title></circle>`,
    );
  }
  return [...parts, '</g>'].join('\n');
}
