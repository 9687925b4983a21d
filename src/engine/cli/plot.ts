/**
 * A curve and some markers as lines of text. The curve is drawn in braille patterns, whose cells are
 * two dots wide and four high; each marker takes a cell of its own, so that the two can be told apart
 * without colour.
 */
import { grouped, type Style } from './terminalText';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
}

export interface Plot {
  /** In order of x. Where several points fall on one dot's column their mean is drawn. */
  readonly curve: readonly PlotPoint[];
  readonly markers: readonly PlotPoint[];
  /** The x axis goes from 0 to this. */
  readonly end: number;
  /** Columns and rows of the whole, labels and axis included. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

/** Bit of the dot at (column of 2, row of 4) in a braille pattern (Unicode block U+2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** The plot's lines; none if there is no room or nothing to draw. */
export function drawPlot(plot: Plot): string[] {
  const points = [...plot.curve, ...plot.markers].filter(({ y }) => Number.isFinite(y));
  const height = plot.rows - 2;
  if (points.length === 0 || height < 3 || plot.columns < 24) return [];

  const scale = niceScale(points, height);
  const labelWidth = Math.max(...scale.ticks.map((tick) => tick.label.length));
  const width = plot.columns - labelWidth - 3;
  const dotX = (x: number): number =>
    Math.min(width * 2 - 1, Math.floor((x / Math.max(1, plot.end)) * (width * 2 - 1)));
  const dotY = (y: number): number => {
    const fraction = (scale.high - y) / (scale.high - scale.low);
    return Math.max(0, Math.min(height * 4 - 1, Math.round(fraction * (height * 4 - 1))));
  };

  const cells = drawCurve(columnMeans(plot.curve, dotX), dotY, width, height);
  const marked = new Set(
    plot.markers
      .filter(({ y }) => Number.isFinite(y))
      .map(({ x, y }) => (dotY(y) >> 2) * width + (dotX(x) >> 1)),
  );

  const lines: string[] = [];
  for (let row = 0; row < height; row++) {
    const tick = scale.ticks.find(({ value }) => dotY(value) >> 2 === row);
    let line = ` ${plot.style.dim(`${(tick?.label ?? '').padStart(labelWidth)} ${tick ? '┤' : '│'}`)}`;
    let run = '';
    for (let column = 0; column < width; column++) {
      const cell = row * width + column;
      if (marked.has(cell)) {
        line += plot.style.train(run) + plot.style.validation('●');
        run = '';
      } else {
        run += cells[cell] === 0 ? ' ' : String.fromCharCode(0x2800 + cells[cell]!);
      }
    }
    lines.push((line + plot.style.train(run.trimEnd())).trimEnd());
  }
  const indent = ' '.repeat(labelWidth + 2);
  lines.push(plot.style.dim(`${indent}└${'─'.repeat(width)}`));
  lines.push(`${indent} ${xLabels(plot, width)}`);
  return lines;
}

/** Under the axis: where it begins and ends, and between them the legend if it fits. */
function xLabels(plot: Plot, width: number): string {
  const first = '0';
  const last = grouped(plot.end);
  const between = width - first.length - last.length;
  const legend = '⠒⠒ training   ● validation';
  const room = between - legend.length;
  if (room < 4) return plot.style.dim(first + ' '.repeat(Math.max(1, between)) + last);
  const left = ' '.repeat(Math.floor(room / 2));
  const right = ' '.repeat(Math.ceil(room / 2));
  return (
    plot.style.dim(first + left) +
    `${plot.style.train('⠒⠒')} ${plot.style.dim('training')}   ` +
    `${plot.style.validation('●')} ${plot.style.dim('validation')}` +
    plot.style.dim(right + last)
  );
}

/** Mean y for each dot column that has points, in order. */
function columnMeans(
  curve: readonly PlotPoint[],
  dotX: (x: number) => number,
): { column: number; mean: number }[] {
  const means: { column: number; mean: number }[] = [];
  let column = -1;
  let sum = 0;
  let count = 0;
  const flush = (): void => {
    if (count > 0) means.push({ column, mean: sum / count });
    sum = 0;
    count = 0;
  };
  for (const { x, y } of curve) {
    if (!Number.isFinite(y)) continue;
    const here = dotX(x);
    if (here !== column) flush();
    column = here;
    sum += y;
    count++;
  }
  flush();
  return means;
}

/** The braille bits of each cell, row by row, the means joined by straight lines. */
function drawCurve(
  means: readonly { column: number; mean: number }[],
  dotY: (y: number) => number,
  width: number,
  height: number,
): Uint8Array {
  const cells = new Uint8Array(width * height);
  const dot = (column: number, row: number): void => {
    cells[(row >> 2) * width + (column >> 1)]! |= DOTS[column & 1 ? 1 : 0][row & 3]!;
  };
  means.forEach(({ column, mean }, i) => {
    const before = means[i - 1];
    const row = dotY(mean);
    dot(column, row);
    if (before === undefined) return;
    const from = dotY(before.mean);
    const span = column - before.column;
    // Every column between gets the rows that the line crosses there, so that steep parts stay whole.
    for (let k = 1; k <= span; k++) {
      const a = Math.round(from + ((row - from) * (k - 1)) / span);
      const b = Math.round(from + ((row - from) * k) / span);
      const [top, bottom] = a < b ? [a + 1, b] : [b, Math.max(b, a - 1)];
      for (let y = top; y <= bottom; y++) dot(before.column + k, y);
    }
  });
  return cells;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { value: number; label: string }[];
}

/** An axis over the points' range with ticks at 1, 2 or 5 times a power of ten. */
function niceScale(points: readonly PlotPoint[], height: number): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (const { y } of points) {
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  if (high - low < 1e-6) {
    low -= 0.5;
    high += 0.5;
  }
  const wanted = (high - low) / Math.max(2, Math.floor(height / 2));
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 5, 10].find((multiple) => multiple * power >= wanted) ?? 10) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks: { value: number; label: string }[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++)
    ticks.push({ value: k * step, label: (k * step).toFixed(digits) });
  return { low, high, ticks };
}
