/**
 * A run's record files as the page reads them: line for line, a slice of some milliseconds at a time,
 * so that a file of a hundred thousand lines freezes nothing. A last line without its end is one that
 * is being written, or that a killed writer left: it is passed over, as is a line that says nothing.
 */
import { trainEventSchema } from '../../src/protocol/messages';
import type { TrainEvent } from '../../src/protocol/messages';

/** Milliseconds of reading before whatever else waits has its turn. */
const SLICE = 8;

/** The whole lines of a text that comes in parts. */
export async function* linesOf(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const part of parts) {
    const text = rest + part;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield text.slice(start, end);
      start = end + 1;
    }
    rest = text.slice(start);
  }
}

export function eventOf(line: string): TrainEvent | undefined {
  try {
    return trainEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Reads the records in parts. @param pause lets others have their turn. */
export async function readEvents(
  parts: AsyncIterable<string>,
  take: (event: TrainEvent) => void,
  pause: () => Promise<void>,
): Promise<void> {
  let until = performance.now() + SLICE;
  for await (const line of linesOf(parts)) {
    const event = eventOf(line);
    if (event) take(event);
    if (performance.now() < until) continue;
    await pause();
    until = performance.now() + SLICE;
  }
}
