/**
 * A run that outlives its GPU. A device can be lost at any time: the driver restarts, the machine
 * slept, a step took longer than the system allows. The run then goes on from its newest checkpoint on
 * a device that is opened anew, as a person would resume it, as long as it gets anywhere between two
 * losses; what was learnt since that checkpoint is learnt again.
 */
import { hasCode } from '../base/errors';
import type { RunEvent } from './train/train';

interface Opened {
  readonly backend: { dispose(): Promise<void> };
}

export interface Attempts<Context extends Opened> {
  readonly open: () => Promise<Context>;
  readonly start: (context: Context) => AsyncIterable<RunEvent>;
  readonly resume: (folder: string, context: Context) => AsyncIterable<RunEvent>;
}

/** Yields the run's events. Throws what the run throws, and `backend-lost` where it cannot go on. */
export async function* trainThroughLosses<Context extends Opened>({
  open,
  start,
  resume,
}: Attempts<Context>): AsyncGenerator<RunEvent, void, void> {
  let folder: string | undefined;
  /** The last step before a loss, so far. */
  let furthest = 0;
  for (;;) {
    const context = await open();
    let reached = 0;
    let saved = false;
    try {
      const events = folder === undefined ? start(context) : resume(folder, context);
      for await (const event of events) {
        if (event.kind === 'start') folder = event.run;
        if (event.kind === 'train') reached = event.step;
        if (event.kind === 'checkpoint') saved = true;
        yield event;
      }
      return;
    } catch (thrown) {
      const gotOn = saved || reached > furthest;
      if (!hasCode(thrown, 'backend-lost') || folder === undefined || !gotOn) throw thrown;
      furthest = Math.max(furthest, reached);
    } finally {
      await context.backend.dispose();
    }
    yield { kind: 'note', text: 'The GPU was lost: going on from the newest checkpoint' };
  }
}
