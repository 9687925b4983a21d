/**
 * A queue between whoever produces when it pleases and one who awaits. Unbounded: what is put in is
 * small and is read as fast as it comes. One reader.
 */
export class AsyncQueue<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(item: Item): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more comes after what is there. */
  end(): void {
    this.#ended ??= {};
    this.#wake?.();
  }

  /** What is there is still read, then the error is thrown. */
  fail(error: unknown): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift()!;
      if (this.#ended) {
        if ('error' in this.#ended) throw this.#ended.error;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/**
 * Yields what `work` reports while it works, and gives its result. Whoever stops reading stops it;
 * either way it has ended when this ends.
 */
export async function* yieldReports<Report, Result>(
  signal: AbortSignal,
  work: (ends: AbortSignal, report: (report: Report) => void) => Promise<Result>,
): AsyncGenerator<Report, Result, void> {
  const left = new AbortController();
  const reports = new AsyncQueue<Report>();
  const result = work(AbortSignal.any([signal, left.signal]), (report) => reports.push(report));
  const ended = result.then(
    () => reports.end(),
    () => reports.end(),
  );
  try {
    yield* reports;
    return await result;
  } finally {
    left.abort();
    await ended;
  }
}
