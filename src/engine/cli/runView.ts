/**
 * What a person sees of a training run: a pure function from what has happened so far to lines of
 * text. Two kinds: lines that stay (what the model writes, checkpoints, notes) and the dashboard
 * below them, which is drawn again and again.
 *
 * Not covered: when and how lines reach the terminal (display.ts).
 */
import { drawPlot, type PlotPoint } from './plot';
import type { TrainEvent } from '../../protocol/messages';
import { clean, clock, grouped, short, widthOf, wrap, type Style } from './terminalText';

/** How slowly the smoothed loss follows: about the last fifty steps. */
const SMOOTHING = 0.96;

export interface RunView {
  readonly steps: number;
  /** The step that was last finished. */
  readonly step: number;
  readonly last: Extract<TrainEvent, { kind: 'train' }> | undefined;
  readonly lastEval: Extract<TrainEvent, { kind: 'eval' }> | undefined;
  readonly smoothedLoss: number | undefined;
  readonly finished: boolean;
}

/** Collects a run's events. Times are the events' own, so that a replay shows the same. */
export class RunProgress implements RunView {
  steps = 0;
  step = 0;
  last: RunView['last'];
  lastEval: RunView['lastEval'];
  finished = false;
  /** Whether what it writes are answers. */
  answers = false;
  doing = 'Preparing';
  readonly losses: PlotPoint[] = [];
  readonly evals: PlotPoint[] = [];
  #average = 0;
  #weight = 0;
  /** The first step seen: the pace is measured from there, not from where a resumed run began. */
  #first: { step: number; time: number } | undefined;

  take(event: TrainEvent): void {
    switch (event.kind) {
      case 'start':
        this.steps = event.steps;
        this.step = event.resumedFrom ?? 0;
        this.answers = event.answers;
        break;
      case 'train':
        this.last = event;
        this.step = event.step;
        this.#first ??= { step: event.step - 1, time: event.time - event.stepMs };
        if (event.loss !== null && Number.isFinite(event.loss)) {
          this.losses.push({ x: event.step, y: event.loss });
          this.#average = SMOOTHING * this.#average + (1 - SMOOTHING) * event.loss;
          this.#weight = SMOOTHING * this.#weight + (1 - SMOOTHING);
        }
        break;
      case 'eval':
        this.lastEval = event;
        if (event.valLoss !== null) this.evals.push({ x: event.step, y: event.valLoss });
        break;
      case 'note':
        this.doing = event.text;
        break;
      case 'progress':
        this.doing = `${event.doing} ${event.done}/${event.total}`;
        break;
      case 'done':
        this.finished = true;
        break;
      case 'stopped':
        this.step = event.step;
        break;
      case 'sample':
      case 'checkpoint':
        break;
    }
  }

  /** Exponential mean of the loss, corrected for its beginning (as Adam's moments are). */
  get smoothedLoss(): number | undefined {
    return this.#weight === 0 ? undefined : this.#average / this.#weight;
  }

  /** Milliseconds since the first step began, by the events' clock or `now` if that is later. */
  elapsed(now: number): number {
    if (this.#first === undefined || this.last === undefined) return 0;
    return Math.max(this.last.time, this.finished ? 0 : now) - this.#first.time;
  }

  /** Milliseconds until the last step at the pace so far, evaluations and samples included. */
  remaining(now: number): number | undefined {
    if (this.#first === undefined || this.last === undefined) return undefined;
    const done = this.step - this.#first.step;
    const pace = (this.last.time - this.#first.time) / done;
    return Math.max(0, (this.steps - this.step) * pace - Math.max(0, now - this.last.time));
  }
}

export interface Frame {
  /** Size of the terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The dashboard: where the run stands, its numbers, its curves. No line is wider than the frame. */
export function drawRun(run: RunProgress, frame: Frame): string[] {
  const columns = Math.max(20, Math.min(frame.columns, 110)) - 1;
  const head = [progressLine(run, frame, columns), ...metricLines(run, frame.style, columns)];
  const rows = Math.min(16, frame.rows - head.length - 6);
  const plot = drawPlot({
    curve: run.losses,
    markers: run.evals,
    end: run.steps,
    columns,
    rows,
    style: frame.style,
  });
  return ['', ...head, ...(plot.length > 0 ? ['', ...plot] : [])];
}

/** Measured numbers travel as null where they are none. */
const decimals = (value: number | null, digits: number): string =>
  value?.toFixed(digits) ?? 'not a number';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

function progressLine(run: RunProgress, frame: Frame, columns: number): string {
  const { style, now } = frame;
  if (run.last === undefined) {
    const turn = SPINNER[Math.floor(now / 100) % SPINNER.length]!;
    const text = clean(run.doing).slice(0, Math.max(0, columns - 4));
    return ` ${style.train(turn)} ${style.dim(text)}`;
  }
  const step = ` step ${style.bold(grouped(run.step))} of ${grouped(run.steps)}`;
  const share = run.steps > 0 ? Math.min(1, run.step / run.steps) : 0;
  const left = run.remaining(now);
  const time =
    run.finished || left === undefined
      ? `${clock(run.elapsed(now))} in all`
      : `${clock(left)} left`;
  const percent = `${(share * 100).toFixed(share === 1 ? 0 : 1)}%`.padStart(5);
  const tail = `${percent}   ${style.bold(time)}`;
  const room = columns - widthOf(step) - widthOf(tail) - 4;
  if (room < 6) return widthOf(step) + widthOf(tail) + 2 <= columns ? `${step}  ${tail}` : step;
  const full = Math.round(room * share);
  const bar = style.train('━'.repeat(full)) + style.dim('─'.repeat(room - full));
  return `${step}  ${bar}  ${tail}`;
}

/** The numbers, side by side, on as many lines as the width makes necessary. */
function metricLines(run: RunProgress, style: Style, columns: number): string[] {
  const { last, lastEval, smoothedLoss } = run;
  if (last === undefined) return [];
  const item = (name: string, value: string): string => `${style.dim(name)} ${value}`;
  const items = [
    item('loss', style.train(decimals(last.loss, 3))),
    ...(smoothedLoss === undefined ? [] : [item('smoothed', smoothedLoss.toFixed(3))]),
    ...(lastEval
      ? [
          item('validation', style.validation(decimals(lastEval.valLoss, 3))),
          `${style.validation(decimals(lastEval.bitsPerByte, 3))} ${style.dim('bits/byte')}`,
        ]
      : []),
    `${grouped(last.tokensPerSecond)} ${style.dim('tokens/s')}`,
    item('lr', last.lr === 0 ? '0' : last.lr.toExponential(2)),
  ];
  const lines: string[] = [];
  let line = '';
  for (const next of items) {
    if (line !== '' && widthOf(line) + 3 + widthOf(next) > columns) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? ` ${next}` : `${line}   ${next}`;
  }
  return [...lines, line];
}

/** What an event leaves for good, above the dashboard. Steps and evaluations leave nothing. */
export function lastingLines(
  event: TrainEvent,
  frame: Pick<Frame, 'columns' | 'style'> & { readonly answers: boolean },
): string[] {
  const { style, answers } = frame;
  const columns = Math.max(20, Math.min(frame.columns, 110)) - 1;
  switch (event.kind) {
    case 'start':
      return startLines(event, style, columns);
    case 'sample':
      return sampleLines(event, { style, columns, answers });
    case 'note':
      return wrap(clean(event.text), columns - 1).map((line) => style.dim(` ${line}`));
    case 'checkpoint':
    case 'progress':
    case 'train':
    case 'eval':
    case 'done':
    case 'stopped':
      return [];
  }
}

function startLines(
  start: Extract<TrainEvent, { kind: 'start' }>,
  style: Style,
  columns: number,
): string[] {
  const facts = [
    `${short(start.parameters)} parameters`,
    `vocabulary ${grouped(start.vocab)}`,
    `${short(start.tokens)} tokens of text`,
    `${short(start.validationTokens)} held out`,
    // Its adapter, which names the threads where there can be several.
    clean(start.backend),
    start.precision,
    ...(start.memory === undefined ? [] : [`${grouped(Math.ceil(start.memory / 1e6))} MB`]),
  ].join(' · ');
  const resumed = start.resumedFrom ? `  resumed at step ${grouped(start.resumedFrom)}` : '';
  return [
    `${style.bold(' glassbox')}  ${clean(start.run)}${style.dim(resumed)}`,
    ...wrap(facts, columns - 1).map((line) => style.dim(` ${line}`)),
  ];
}

/** The step in the margin, the prompt dim, and after it what the model made of it: an answer below it. */
function sampleLines(
  sample: Extract<TrainEvent, { kind: 'sample' }>,
  { style, columns, answers }: { style: Style; columns: number; answers: boolean },
): string[] {
  const margin = 14;
  const label = sample.step === 0 ? 'before' : `step ${grouped(sample.step)}`;
  const prompt = clean(sample.prompt);
  const text = clean(sample.text);
  const width = columns - margin;
  const asked = answers ? wrap(prompt, width).slice(0, 3) : [];
  const written = wrap(answers ? text : prompt + text, width).slice(0, 6 - asked.length);
  let unprompted = answers ? 0 : prompt.length;
  const lines = [
    ...asked.map((line) => style.dim(line)),
    ...written.map((line) => {
      const dim = Math.min(line.length, unprompted);
      unprompted = Math.max(0, unprompted - line.length - 1);
      return style.dim(line.slice(0, dim)) + line.slice(dim);
    }),
  ];
  const named = style.good(` ${label}`) + ' '.repeat(margin - 1 - label.length);
  return ['', ...lines.map((line, i) => (i === 0 ? named : ' '.repeat(margin)) + line)];
}

/** One line about a step, where there is no terminal to draw on. */
export function plainLine(run: RunProgress, now: number): string {
  const { last, lastEval } = run;
  if (last === undefined) return '';
  const left = run.remaining(now);
  return [
    `step ${run.step}/${run.steps}`,
    `loss ${decimals(last.loss, 4)}`,
    ...(lastEval
      ? [
          `validation ${decimals(lastEval.valLoss, 4)}, ${decimals(lastEval.bitsPerByte, 3)} bits/byte`,
        ]
      : []),
    `${grouped(last.tokensPerSecond)} tokens/s`,
    ...(left === undefined ? [] : [`${clock(left)} left`]),
  ].join('  ');
}
