/**
 * What a page is told, at most four times a second: the runs after a change, and what they said. What
 * comes first goes out at once, what comes soon after is kept until its time.
 */
import type { TrainEvent } from '../../protocol/messages';
import type { ShownRun, WatchEvent } from '../../protocol/runSurface';
import { Throttle } from '../runs/throttle';

/** Milliseconds between two messages to the page. */
const EVERY = 250;

export class Feed {
  readonly #throttle: Throttle;
  #news: { folder: string; event: TrainEvent }[] = [];
  #runsChanged = false;

  constructor(runs: () => ShownRun[], tell: (event: WatchEvent) => void) {
    this.#throttle = new Throttle(EVERY, () => {
      const event = { ...(this.#runsChanged ? { runs: runs() } : {}), news: this.#news };
      this.#runsChanged = false;
      this.#news = [];
      tell(event);
    });
  }

  runsChanged(): void {
    this.#runsChanged = true;
    this.#throttle.ask();
  }

  hear(folder: string, event: TrainEvent): void {
    this.#news.push({ folder, event });
    this.#throttle.ask();
  }

  dispose(): void {
    this.#throttle.dispose();
  }
}
