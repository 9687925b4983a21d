/**
 * What a page that draws itself anew has of its own, such as which of its parts are open: kept while the
 * editor lives, and drawn at the next frame, once, whatever changed until then.
 */
import type * as z from 'zod';
import { keepState, keptState } from './host';

export class Drawn<Own extends object> {
  readonly #draw: () => void;
  #own: Own;
  #drawing = false;

  /** @param beginning where nothing was kept that `schema` takes */
  constructor(schema: z.ZodType<Own>, beginning: Own, draw: () => void) {
    this.#own = keptState(schema) ?? beginning;
    this.#draw = () => {
      this.#drawing = false;
      draw();
    };
  }

  get own(): Own {
    return this.#own;
  }

  remember(change: Partial<Own>): void {
    this.#own = { ...this.#own, ...change };
    keepState(this.#own);
    this.redraw();
  }

  redraw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(this.#draw);
  }
}
