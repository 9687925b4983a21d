/**
 * Puts a run on a terminal: lasting lines scroll up, the dashboard below them is drawn over itself.
 * Where the stream is no terminal, or a dumb one, plain lines come at intervals instead.
 */
import type { TrainEvent } from '../../protocol/messages';
import { drawRun, lastingLines, plainLine, RunProgress } from './runView';
import { styleFor, widthOf, type Style } from './terminalText';

/** Between two drawings of the dashboard, and so that its clock moves during long steps. */
const REDRAW_MS = 120;
/** Between two plain lines about steps. */
const PLAIN_MS = 5_000;

/** The part of a writable terminal stream that is used here. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Whether styles suit a stream: a terminal, and nobody said no (https://no-color.org). */
export function wantsColour(output: Output, env: NodeJS.ProcessEnv): boolean {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return output.isTTY === true && !refused;
}

export class RunDisplay {
  readonly progress = new RunProgress();
  readonly style: Style;
  readonly #output: Output;
  readonly #now: () => number;
  readonly #live: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #drawn: readonly string[] = [];
  #drawnAt = 0;
  #closed = false;

  constructor(output: Output, env: NodeJS.ProcessEnv, now: () => number = Date.now) {
    this.#output = output;
    this.#now = now;
    this.style = styleFor(wantsColour(output, env));
    this.#live = output.isTTY === true && env['TERM'] !== 'dumb';
    if (!this.#live) return;
    this.#output.write(HIDE_CURSOR);
    this.#timer = setInterval(() => this.#draw([]), REDRAW_MS);
    this.#timer.unref();
  }

  take(event: TrainEvent): void {
    this.progress.take(event);
    const { answers } = this.progress;
    const lasting = lastingLines(event, { columns: this.#columns, style: this.style, answers });
    if (this.#live) {
      if (lasting.length > 0 || this.#now() - this.#drawnAt >= REDRAW_MS) this.#draw(lasting);
      return;
    }
    for (const line of lasting) this.#output.write(`${line}\n`);
    const { progress } = this;
    const due = this.#now() - this.#drawnAt >= PLAIN_MS || progress.step === progress.steps;
    if (event.kind === 'eval' || (event.kind === 'train' && due)) {
      this.#output.write(`${plainLine(progress, this.#now())}\n`);
      this.#drawnAt = this.#now();
    }
  }

  /** A line that lasts. */
  say(line: string): void {
    if (this.#closed) return;
    if (this.#live) this.#draw([line]);
    else this.#output.write(`${line}\n`);
  }

  /** Draws the dashboard a last time, leaves it on the screen, and gives the cursor back. */
  close(): void {
    if (this.#closed) return;
    if (this.#live) {
      clearInterval(this.#timer);
      if (this.progress.last === undefined) this.#output.write(this.#erase());
      else this.#draw([]);
      this.#output.write(SHOW_CURSOR);
    }
    this.#closed = true;
  }

  get #columns(): number {
    return this.#output.columns ?? 80;
  }

  #draw(lasting: readonly string[]): void {
    if (this.#closed) return;
    const erase = this.#erase();
    const now = this.#now();
    const rows = this.#output.rows ?? 24;
    this.#drawn = drawRun(this.progress, { columns: this.#columns, rows, style: this.style, now });
    this.#drawnAt = now;
    const text = [...lasting, ...this.#drawn].map((line) => `${line}\n`).join('');
    // One write, and held back by terminals that know how until it is whole: no flicker.
    this.#output.write(`${BEGIN_UPDATE}${erase}${text}${END_UPDATE}`);
  }

  /** Back to where the last drawing began, and clear from there. A narrower terminal has wrapped it. */
  #erase(): string {
    const wrapped = this.#drawn.map((line) =>
      Math.max(1, Math.ceil(widthOf(line) / Math.max(1, this.#columns))),
    );
    const rows = wrapped.reduce((sum, count) => sum + count, 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r\u001b[J`;
  }
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';
