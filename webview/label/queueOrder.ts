/** Which tasks of the queue are shown, and which comes next. */
import type { QueueItem } from '../../src/protocol/labelSurface';

export const FILTERS = ['all', 'open', 'draft', 'done', 'skipped', 'conflict'] as const;
export type Filter = (typeof FILTERS)[number];

export function filtered(queue: readonly QueueItem[], filter: Filter): readonly QueueItem[] {
  return filter === 'all' ? queue : queue.filter(({ status }) => status === filter);
}

/** The one that was open before, else the first that waits, else the first. */
export function firstOf(queue: readonly QueueItem[], before: string | null): QueueItem | undefined {
  return queue.find(({ task }) => task === before) ?? queue.find(waits) ?? queue[0];
}

/** The next that waits, from the beginning again behind the last; none where no other does. */
export function nextOf(queue: readonly QueueItem[], after: string): QueueItem | undefined {
  const at = queue.findIndex(({ task }) => task === after);
  const order = [...queue.slice(at + 1), ...queue.slice(0, Math.max(0, at))];
  return order.find(waits);
}

const waits = ({ status }: QueueItem): boolean => status === 'open' || status === 'draft';
