/**
 * The queue as a desk shows it, and what of it has changed. A queue may hold ten thousands of tasks, of
 * which a label changes one: the items of the others are those that were made before.
 */
import type { LabelState, Ledger } from '../../labels/ledger';
import type { Task } from '../../labels/record';
import type { DeskEvent, DeskState, QueueItem } from '../../protocol/labelSurface';

/** Of a title, in UTF-16 code units. */
const TITLE = 90;
/** So many changed items are told of one by one. */
const FEW = 8;

/** An item with what it was made of. */
interface MadeItem {
  readonly task: Task;
  readonly labeller: string | undefined;
  readonly labels: ReadonlyMap<string, LabelState>;
  readonly item: QueueItem;
}

export class Queue {
  readonly #made = new Map<string, MadeItem>();

  items(ledger: Ledger, labeller: string | undefined): QueueItem[] {
    return ledger.tasks.map((task) => {
      const labels = ledger.labelsOf(task.id);
      const made = this.#made.get(task.id);
      if (made?.task === task && made.labels === labels && made.labeller === labeller)
        return made.item;
      const item = itemOf(ledger, task, labeller);
      this.#made.set(task.id, { task, labels, labeller, item });
      return item;
    });
  }
}

function itemOf(ledger: Ledger, task: Task, labeller: string | undefined): QueueItem {
  const labels = ledger.labelsOf(task.id);
  const own = labeller === undefined ? undefined : labels.get(labeller);
  const others = [...labels].filter(
    ([by, { label }]) => by !== labeller && label.status === 'done',
  );
  return {
    task: task.id,
    mode: task.mode,
    title: titleOf(task),
    status: labeller === undefined ? 'open' : ledger.statusOf(task.id, labeller),
    heads: own?.heads.map(({ id }) => id) ?? [],
    others: others.length,
  };
}

function titleOf({ turns }: Task): string {
  const asked = turns.findLast(({ role }) => role === 'user') ?? turns.at(-1);
  const text = (asked?.content ?? '').replaceAll(/\s+/g, ' ').trim();
  return text.length > TITLE ? `${text.slice(0, TITLE - 1)}…` : text;
}

/** The whole state, unless a few items of the queue are all that differs. */
export function changesOf(before: DeskState | undefined, now: DeskState): DeskEvent[] {
  if (before?.queue.length !== now.queue.length) return [now];
  const rest = (state: DeskState): string => JSON.stringify({ ...state, queue: [] });
  if (rest(before) !== rest(now)) return [now];
  if (now.queue.some(({ task }, at) => task !== before.queue[at]?.task)) return [now];
  const changed = now.queue.filter((item, at) => {
    const old = before.queue[at];
    return item !== old && JSON.stringify(item) !== JSON.stringify(old);
  });
  return changed.length > FEW ? [now] : changed.map((item) => ({ kind: 'item', item }));
}
