/** How often a person who listens is told where the run stands. */

/** Milliseconds between two lines. */
const EVERY = 10_000;

export class Announcer {
  #said = -Infinity;
  #line = '';

  /** What is to be said now: a new line only once the last one is old enough, or the state changed. */
  line(text: string, state: string, now: number): string {
    const due = now - this.#said >= EVERY || !this.#line.endsWith(state);
    const next = `${text} ${state}`;
    if (due && next !== this.#line) {
      this.#line = next;
      this.#said = now;
    }
    return this.#line;
  }
}
