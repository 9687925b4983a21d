/** Which lines each chart shows, and what they say at a place: the page's charts as data. */
import { t } from '../shared/l10n';
import type { ChartLine } from './chart';
import { rowAt } from './decimate';
import type { Line } from './decimate';
import type { Axis } from './records';
import type { KnownRun } from './runState';
import type { Range, View } from './view';

export const CHARTS = ['loss', 'lr', 'gradNorm', 'tokensPerSecond'] as const;
export type ChartName = (typeof CHARTS)[number];

export const titleOf = (chart: ChartName): string =>
  ({
    loss: t('Loss'),
    lr: t('Learning rate'),
    gradNorm: t('Gradient norm'),
    tokensPerSecond: t('Tokens per second'),
  })[chart];

/** Learning rates and speeds lie within a decade or two of each other, or reach zero. */
export const canBeLogarithmic = (chart: ChartName): boolean =>
  chart === 'loss' || chart === 'gradNorm';

export const isHidden = ({ hidden }: View, name: string): boolean => hidden.includes(name);

type StepColumn = ChartName;

function stepLine({ records }: KnownRun, axis: Axis, column: StepColumn): Line {
  return { x: records.steps.get(axis), y: records.steps.get(column) };
}

/** The column as it is read: smoothed where it is noisy and a person wants it so. */
function readLine(run: KnownRun, { axis, smoothing }: View, column: StepColumn): Line {
  const { x, y } = stepLine(run, axis, column);
  if (column === 'lr' || smoothing === 0) return { x, y };
  return { x, y: run.smoothed[column].of(y, smoothing, run.records.cuts) };
}

export function validationLine({ records }: KnownRun, axis: Axis): Line {
  return { x: records.measurements.get(axis), y: records.measurements.get('valLoss') };
}

/** The colour of a run's validation loss: its own where it is alone, else its run's. */
export const validationColor = (index: number, runs: number): number => (runs === 1 ? 1 : index);

export function linesOf(runs: readonly KnownRun[], view: View, chart: ChartName): ChartLine[] {
  const lines: ChartLine[] = [];
  for (const [index, run] of runs.entries()) {
    if (isHidden(view, run.folder)) continue;
    const training = chart !== 'loss' || !isHidden(view, 'training');
    const base = { color: index, faint: false, dashed: false };
    const line = readLine(run, view, chart);
    const raw = stepLine(run, view.axis, chart);
    if (training && line.y !== raw.y && chart !== 'lr' && view.smoothing > 0)
      lines.push({ ...base, name: `${run.folder} raw`, faint: true, line: raw });
    if (training) lines.push({ ...base, name: `${run.folder} line`, line });
    if (chart === 'loss' && !isHidden(view, 'validation'))
      lines.push({
        name: `${run.folder} validation`,
        color: validationColor(index, runs.length),
        faint: false,
        dashed: true,
        line: validationLine(run, view.axis),
      });
  }
  return lines;
}

/** From the start to the last place that any visible run has reached. */
export function wholeOf(runs: readonly KnownRun[], view: View): Range {
  const ends = runs
    .filter(({ folder }) => !isHidden(view, folder))
    .map(({ records }) =>
      Math.max(records.steps.last(view.axis) ?? 0, records.measurements.last(view.axis) ?? 0),
    );
  const to = Math.max(0, ...ends);
  return { from: 0, to: to > 0 ? to : 1 };
}

export interface Reading {
  readonly value: number | undefined;
  /** Without smoothing, where that is something else. */
  readonly raw: number | undefined;
}

/** What a chart's line of a run says at a place; at its end where there is none. */
export function readingOf(
  run: KnownRun,
  view: View,
  chart: ChartName,
  at: number | undefined,
): Reading {
  const line = readLine(run, view, chart);
  const row = rowAt(line.x, at ?? Infinity);
  if (row === undefined) return { value: undefined, raw: undefined };
  const raw = run.records.steps.at(chart, row);
  const value = line.y[row];
  return { value, raw: value === raw ? undefined : raw };
}

export function validationAt(run: KnownRun, view: View, at: number | undefined) {
  const line = validationLine(run, view.axis);
  const row = rowAt(line.x, at ?? Infinity);
  // Before the first measurement there is none.
  return row === undefined || line.x[row]! > (at ?? Infinity) ? undefined : line.y[row];
}

/** The place of the step nearest before a place, or of the first step; of the first visible run with one. */
export function stepPlace(runs: readonly KnownRun[], view: View, at: number): number {
  for (const { folder, records } of runs) {
    if (isHidden(view, folder)) continue;
    const places = records.steps.get(view.axis);
    if (places.length > 0 && places[places.length - 1]! >= at)
      return places[rowAt(places, at) ?? 0]!;
  }
  return at;
}
