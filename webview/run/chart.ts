/**
 * One chart: uPlot with lines that were thinned out to its width, in the theme's colours. It is told
 * what to show and tells what a person points at and drags over; whoever owns several keeps them
 * together. Not covered: the legend and the readout, which are text and stand beside it.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { increments, logarithmicMarks, padded } from './axes';
import { decimate, placesOf } from './decimate';
import type { Line, Value } from './decimate';
import { placeLabel, short } from './format';
import type { Axis } from './records';
import type { Theme } from './theme';
import type { Range } from './view';

export interface ChartLine {
  /** The same for the same line from one picture to the next. */
  readonly name: string;
  /** Which of the theme's colours. */
  readonly color: number;
  /** A line behind the others: the noise that another one smooths. */
  readonly faint: boolean;
  readonly dashed: boolean;
  readonly line: Line;
}

export interface Picture {
  readonly lines: readonly ChartLine[];
  readonly axis: Axis;
  readonly range: Range;
  readonly logarithmic: boolean;
}

export interface ChartEvents {
  /** Where on the horizontal axis; `undefined` once the pointer has left. */
  readonly point: (at: number | undefined) => void;
  readonly select: (range: Range) => void;
  readonly reset: () => void;
}

export class Chart {
  /** What goes into the page. */
  readonly element = document.createElement('div');
  readonly #events: ChartEvents;
  readonly #theme: () => Theme;
  readonly #height: number;
  #plot: uPlot | undefined;
  #picture: Picture | undefined;
  /** What the plot was built for: another one is built where this changes. */
  #built = '';
  /** Then uPlot tells again where the hair line is: nobody has moved it. */
  #drawing = false;

  constructor(theme: () => Theme, height: number, events: ChartEvents) {
    this.#theme = theme;
    this.#height = height;
    this.#events = events;
    this.element.className = 'plot';
    new ResizeObserver(() => {
      const width = this.element.clientWidth;
      const plot = this.#plot;
      if (plot && width > 0 && width !== plot.width) {
        this.#quietly(plot, () => plot.setSize({ width, height: this.#height }));
        this.#draw();
      } else if (!plot && this.#picture) this.show(this.#picture);
    }).observe(this.element);
  }

  show(picture: Picture): void {
    this.#picture = picture;
    const width = this.element.clientWidth;
    if (width === 0) return;
    const names = picture.lines.map(({ name, color }) => `${name}:${color}`);
    const built = JSON.stringify([names, picture.axis, picture.logarithmic]);
    if (built !== this.#built) {
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(picture, width), undefined, this.element);
      this.#built = built;
    }
    this.#draw();
  }

  /** The same picture in the theme's new colours. */
  recolor(): void {
    this.#built = '';
    if (this.#picture) this.show(this.#picture);
  }

  /** Puts the hair line somewhere, or away, without telling anyone. */
  mark(at: number | undefined): void {
    if (!this.#plot) return;
    const left = at === undefined ? -10 : this.#plot.valToPos(at, 'x');
    this.#plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  /** The lines and axes as they are drawn now. */
  get canvas(): HTMLCanvasElement | undefined {
    return this.#plot?.ctx.canvas;
  }

  #draw(): void {
    const [plot, picture] = [this.#plot, this.#picture];
    if (!plot || !picture) return;
    const columns = Math.max(1, Math.round(plot.bbox.width));
    const grid = { ...picture.range, columns };
    // uPlot draws powers of ten: its own logarithmic axis knows no marks within a decade.
    const scaled = (values: Value[]): Value[] =>
      picture.logarithmic ? values.map(powerOf) : values;
    const lines = picture.lines.map(({ line }) => scaled(decimate(line, grid)));
    this.#quietly(plot, () => plot.setData([placesOf(grid), ...lines]));
  }

  /** What is done in a batch is done at its end; otherwise uPlot puts it off to the task's. */
  #quietly(plot: uPlot, change: () => void): void {
    this.#drawing = true;
    try {
      plot.batch(change);
    } finally {
      this.#drawing = false;
    }
  }

  #options({ lines, axis, logarithmic }: Picture, width: number): uPlot.Options {
    const theme = this.#theme;
    const axes = {
      stroke: () => theme().quiet,
      font: theme().font,
      grid: { stroke: () => theme().grid, width: 0.5 },
      ticks: { show: false },
    };
    return {
      width,
      height: this.#height,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        points: { size: 7, width: 2 },
        hover: { prox: 24 },
        bind: { dblclick: () => () => (this.#events.reset(), null) },
      },
      scales: {
        x: { time: false, range: (_plot, from, to) => [from, to] },
        y: { range: (_plot, from, to) => padded(from, to, logarithmic) },
      },
      axes: [
        {
          ...axes,
          incrs: increments(axis),
          size: 30,
          space: 80,
          values: (_plot, splits) => splits.map((value) => placeLabel(axis, value)),
        },
        {
          ...axes,
          size: 56,
          space: 32,
          ...(logarithmic
            ? {
                splits: (plot, _axis, from, to) =>
                  logarithmicMarks(10 ** from, 10 ** to, plot.height / 48).map(Math.log10),
                values: (_plot, splits) => splits.map((power) => markLabel(10 ** power)),
              }
            : { values: (_plot, splits) => splits.map(markLabel) }),
        },
      ],
      series: [{}, ...lines.map((line) => this.#series(line))],
      hooks: {
        setCursor: [
          (plot) => {
            if (this.#drawing) return;
            const { left } = plot.cursor;
            this.#events.point(
              left === undefined || left < 0 ? undefined : plot.posToVal(left, 'x'),
            );
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width: wide } = plot.select;
            if (wide < 4) return;
            this.#events.select({
              from: plot.posToVal(left, 'x'),
              to: plot.posToVal(left + wide, 'x'),
            });
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  #series({ color, faint, dashed }: ChartLine): uPlot.Series {
    const theme = this.#theme;
    const stroke = (): string => theme().lines[color % theme().lines.length]!;
    return {
      stroke,
      width: faint ? 1 : 2,
      alpha: faint ? 0.35 : 1,
      ...(dashed ? { dash: [6, 4] } : {}),
      points: faint
        ? { show: false }
        : { size: dashed ? 6 : 5, fill: stroke, filter: (plot, index) => measured(plot, index) },
    };
  }
}

/** Points stand for values that were measured: not for where a line leaves the picture. */
function measured(plot: uPlot, index: number): number[] {
  const values = plot.data[index] ?? [];
  const found: number[] = [];
  for (let i = 1; i < values.length - 1; i++) if (values[i] != null) found.push(i);
  const { width } = plot.bbox;
  // Where they would touch, the line says it all.
  return found.length * 14 * devicePixelRatio > width ? [] : found;
}

function markLabel(mark: number): string {
  const value = Number(mark.toPrecision(4));
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return value.toExponential();
  return size >= 1000 ? short(value) : String(value);
}

/** What is not above zero has no place on a logarithmic axis. */
function powerOf(value: Value): Value {
  if (value === null || value === undefined) return value;
  return value > 0 ? Math.log10(value) : null;
}
