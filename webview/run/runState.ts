/** What the page knows: the runs as the host tells of them, and each one's records. */
import type { TrainEvent } from '../../src/protocol/messages';
import type { ShownRun, WatchEvent } from '../../src/protocol/runSurface';
import { RunRecords } from './records';
import { Smoothed } from './smoothing';

/** Notes of the engine that are kept. */
const MOST_NOTES = 5;
/** How much a run of another process has to grow, as a part of its records, to be read again. */
const GROWTH = 1 / 50;

/** Why a run ended by an error, as its folder says. */
export interface Failure {
  readonly message: string;
  readonly remedy?: string | undefined;
}

export class KnownRun {
  shown: ShownRun;
  records = new RunRecords();
  /** The noisy columns without their noise. */
  readonly smoothed = {
    loss: new Smoothed(),
    gradNorm: new Smoothed(),
    tokensPerSecond: new Smoothed(),
  };
  /** What it does before its first step, in the engine's words; the newest last. */
  notes: string[] = [];
  recipe: unknown = undefined;
  failure: Failure | undefined;
  /** What it said while its files were read. */
  #pending: TrainEvent[] | undefined;
  /** When the records that were read last had been written. */
  #readOf: number | undefined;

  constructor(shown: ShownRun) {
    this.shown = shown;
  }

  get folder(): string {
    return this.shown.folder;
  }

  get reading(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether its files have been read at least once. */
  get known(): boolean {
    return this.#readOf !== undefined;
  }

  /**
   * Whether the disk has records that nobody tells this page: it was never read, or another process
   * writes there. Its files are always read whole: the more there is, the more has to be new.
   */
  get behind(): boolean {
    if (this.reading) return false;
    if (!this.known) return true;
    const { state, step, updated } = this.shown;
    // Why it failed is written when it has ended, and nobody tells what can be done about it.
    if (state === 'failed' && this.failure === undefined) return updated !== this.#readOf;
    if (state === 'running' || state === 'starting' || state === 'stopping') return false;
    const { steps } = this.records;
    const change = Math.abs(step - (steps.last('step') ?? 0));
    const least = state === 'elsewhere' ? steps.length * GROWTH : 0;
    return updated !== this.#readOf && change > least;
  }

  /** Takes what the run says. */
  hear(event: TrainEvent): void {
    if (event.kind === 'start') this.failure = undefined;
    if (event.kind === 'note') this.notes = [...this.notes, event.text].slice(-MOST_NOTES);
    if (this.#pending) this.#pending.push(event);
    else this.records.add(event);
  }

  /** From here on what it says waits. Gives what the files are to be read into. */
  beginReading(): RunRecords {
    this.#pending = [];
    const records = new RunRecords();
    // The first time what has been read so far is shown at once.
    if (!this.known) this.records = records;
    return records;
  }

  /** The files have been read, as they were when `shown` was told; what was said meanwhile follows. */
  endReading(records: RunRecords, { updated }: ShownRun): void {
    for (const event of this.#pending ?? []) records.add(event);
    this.#pending = undefined;
    this.#readOf = updated;
    // Whatever was computed from other records counts no more.
    if (records !== this.records) records.cuts += this.records.cuts + 1;
    this.records = records;
  }
}

/** The runs after what the host said, in its order; those that were known before stay the same. */
export function afterEvent(known: readonly KnownRun[], { runs, news }: WatchEvent): KnownRun[] {
  const all = runs
    ? runs.map((shown) => {
        const before = known.find(({ folder }) => folder === shown.folder);
        if (!before) return new KnownRun(shown);
        before.shown = shown;
        return before;
      })
    : [...known];
  for (const { folder, event } of news) all.find((run) => run.folder === folder)?.hear(event);
  return all;
}
