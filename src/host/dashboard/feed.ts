/**
 * What a page is told, at most four times a second: the runs after a change, and what they said. What
 * comes first goes out at once, what comes soon after is kept until its time.
 */
import type { TrainEvent } from '../../protocol/messages';
import type { ShownRun, WatchEvent } from '../../protocol/runSurface';

/** Milliseconds between two messages to the page. */
const EVERY = 250;

export class Feed {
  readonly #runs: () => ShownRun[];
  readonly #tell: (event: WatchEvent) => void;
  #news: { folder: string; event: TrainEvent }[] = [];
  #runsChanged = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(runs: () => ShownRun[], tell: (event: WatchEvent) => void) {
    this.#runs = runs;
    this.#tell = tell;
  }

  runsChanged(): void {
    this.#runsChanged = true;
    this.#schedule();
  }

  hear(folder: string, event: TrainEvent): void {
    this.#news.push({ folder, event });
    this.#schedule();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (!this.#runsChanged && this.#news.length === 0) return;
    const runs = this.#runsChanged ? { runs: this.#runs() } : {};
    const event = { ...runs, news: this.#news };
    this.#runsChanged = false;
    this.#news = [];
    this.#timer = setTimeout(() => this.#flush(), EVERY);
    this.#tell(event);
  }
}
