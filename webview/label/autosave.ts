/**
 * When a person's work is kept: shortly after the first change that is not kept yet (not after the last:
 * who types without a pause is kept, too), and one version after the other.
 */

/** Milliseconds from a change until it is kept. */
const KEEP = 300;

export class Autosave {
  readonly #keep: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #saving: Promise<void> | undefined;

  /**
   * @param keep keeps what there is now
   * @param failed is told where keeping failed that nobody waited for
   */
  constructor(keep: () => Promise<void>, failed: (error: unknown) => void) {
    this.#keep = keep;
    this.#failed = failed;
  }

  /** Whether something has changed since it was last read to be kept. */
  get isDirty(): boolean {
    return this.#dirty;
  }

  /** Whether what is here is newer than what is kept. */
  get isBusy(): boolean {
    return this.#dirty || this.#saving !== undefined;
  }

  changed(): void {
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.flush().catch(this.#failed);
    }, KEEP);
  }

  /** Keeps what is not kept yet. What could not be kept is tried again with the next change. */
  async flush(): Promise<void> {
    this.#stopTimer();
    while (this.#saving) await this.#saving;
    if (this.#dirty) await this.now(this.#keep);
  }

  /** Keeps by `keep`, once what is being kept is. */
  async now(keep: () => Promise<void>): Promise<void> {
    this.#stopTimer();
    // Of several that wait, one goes on, and the others wait for it.
    while (this.#saving) await this.#saving;
    this.#dirty = false;
    const keeping = keep();
    const ended = (failed: boolean): void => {
      this.#dirty ||= failed;
      this.#saving = undefined;
    };
    this.#saving = keeping.then(
      () => ended(false),
      () => ended(true),
    );
    await this.#saving;
    await keeping;
  }

  /** What `ask` answers, with everything kept that was changed until it has. */
  async kept<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.flush();
      const answer = await ask();
      if (!this.#dirty) return answer;
    }
  }

  /** Gives up what is not kept. */
  forget(): void {
    this.#stopTimer();
    this.#dirty = false;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
