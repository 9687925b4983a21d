/** A run's files, fetched from where the host says they lie. */
import * as z from 'zod';
import { readEvents } from './jsonLines';
import type { KnownRun } from './runState';

const failureSchema = z.object({ message: z.string(), remedy: z.string().optional() });

/** Milliseconds between two pictures of what has been read so far. */
const PROGRESS_EVERY = 250;

/** Others have their turn: input is handled, a frame is drawn. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/**
 * Reads all that is there of a run. A file that isn't there is no error: a run that has just begun
 * has none yet.
 *
 * @param progress called after each part that can be shown.
 */
export async function readRun(run: KnownRun, progress: () => void): Promise<void> {
  const { shown } = run;
  const records = run.beginReading();
  try {
    let next = performance.now() + PROGRESS_EVERY;
    const turn = async (): Promise<void> => {
      if (performance.now() >= next) {
        progress();
        next = performance.now() + PROGRESS_EVERY;
      }
      await pause();
    };
    for (const name of ['metrics.jsonl', 'samples.jsonl'])
      await readEvents(partsOf(shown.files + name), (event) => records.add(event), turn);
    run.recipe ??= await readJson(`${shown.files}recipe.json`);
    if (shown.state === 'failed')
      run.failure = failureSchema.safeParse(await readJson(`${shown.files}failure.json`)).data;
  } finally {
    run.endReading(records, shown);
    progress();
  }
}

async function* partsOf(url: string): AsyncGenerator<string> {
  const response = await fetchIfPresent(url);
  const reader = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function readJson(url: string): Promise<unknown> {
  const response = await fetchIfPresent(url);
  try {
    return await response?.json();
  } catch {
    return undefined;
  }
}

/** VS Code answers with an error where there is no such file, and fetch fails where it may not. */
async function fetchIfPresent(url: string): Promise<Response | undefined> {
  try {
    // A run is being written: what a cache has is old.
    const response = await fetch(url, { cache: 'no-store' });
    return response.ok ? response : undefined;
  } catch {
    return undefined;
  }
}
