/**
 * Holds streamed text back for as long as a stop string may still begin in it. Stop strings may span
 * tokens; the one that is complete first ends the text, and of two that end together the longer one:
 * so the text is the same however it is cut into tokens.
 */
import { GlassboxError } from '../../base/errors';

export class StopText {
  readonly #stops: readonly string[];
  #held = '';
  #stopped: string | undefined;

  /** Throws `sampling-option` for an empty stop string, which would end every text at once. */
  constructor(stops: readonly string[]) {
    if (stops.includes('')) {
      throw new GlassboxError('sampling-option', 'A stop string is empty.', {
        remedy: 'Leave it out, or give it a character at least.',
      });
    }
    this.#stops = stops;
  }

  /** The stop string that was met. After it nothing more comes out. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /** The text that is sure not to be part of a stop string. */
  push(text: string): string {
    if (this.#stopped !== undefined) return '';
    this.#held += text;
    const met = this.#first();
    if (met) {
      this.#stopped = met.stop;
      const before = this.#held.slice(0, met.at);
      this.#held = '';
      return before;
    }
    const sure = this.#held.length - this.#beginnings();
    const released = this.#held.slice(0, sure);
    this.#held = this.#held.slice(sure);
    return released;
  }

  /** What is held back: the text has ended, no stop string is completed any more. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #first(): { stop: string; at: number } | undefined {
    let first: { stop: string; at: number } | undefined;
    for (const stop of this.#stops) {
      const at = this.#held.indexOf(stop);
      if (at < 0) continue;
      const later = first ? at + stop.length - (first.at + first.stop.length) : -1;
      if (later < 0 || (later === 0 && stop.length > first!.stop.length)) first = { stop, at };
    }
    return first;
  }

  /** Length of the longest end of the held text with which a stop string begins. */
  #beginnings(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let n = Math.min(stop.length - 1, this.#held.length); n > longest; n--) {
        if (this.#held.endsWith(stop.slice(0, n))) longest = n;
      }
    }
    return longest;
  }
}
