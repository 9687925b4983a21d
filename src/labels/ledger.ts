/**
 * What the lines of a labels file say together, with the drafts beside it. It follows from the *set* of
 * lines alone: order and repetition change nothing, so that files that went apart can be merged line by
 * line, and lines that come later are added to what there is.
 *
 * A label is what one labeller makes of one task. Its versions form a history: each names those that it
 * stands in for. The ones that no other stands in for are its heads; where there are several, it was
 * changed in two places at once, and a person decides between them.
 */
import type { GuidelinesVersion, Label, LabelRecord, Task } from './record';

export interface LabelState {
  /** The newest head; it counts. */
  readonly label: Label;
  /** All heads, the newest first. More than one: a conflict. */
  readonly heads: readonly Label[];
}

export type TaskStatus = 'open' | Label['status'] | 'conflict';

export class Ledger {
  readonly #tasks = new Map<string, Task>();
  readonly #guidelines = new Map<string, GuidelinesVersion>();
  /** By task, labeller, and version. */
  readonly #versions = new Map<string, Map<string, Map<string, Label>>>();
  #drafts = new Map<string, Label[]>();
  /** What versions and drafts come to, by task and labeller. */
  readonly #labels = new Map<string, ReadonlyMap<string, LabelState>>();
  #inOrder: readonly Task[] | undefined = [];

  constructor(records: Iterable<LabelRecord>) {
    this.add(records);
  }

  /** Takes in more lines. */
  add(records: Iterable<LabelRecord>): void {
    const touched = new Set<string>();
    for (const record of records) {
      if (record.kind === 'task') {
        if (keep(this.#tasks, record, earlier)) this.#inOrder = undefined;
      } else if (record.kind === 'guidelines') keep(this.#guidelines, record, earlier);
      else {
        const ofTask = within(this.#versions, record.task, newMap<string, Map<string, Label>>);
        if (keep(within(ofTask, record.by, newMap<string, Label>), record, later))
          touched.add(record.task);
      }
    }
    this.#settle(touched);
  }

  /** Takes in drafts, in place of those that it was given before. */
  setDrafts(drafts: Iterable<Label>): void {
    const before = this.#drafts;
    this.#drafts = new Map();
    for (const draft of drafts) within(this.#drafts, draft.task, (): Label[] => []).push(draft);
    this.#settle(new Set([...before.keys(), ...this.#drafts.keys()]));
  }

  #settle(tasks: Iterable<string>): void {
    for (const task of tasks) {
      const byLabeller = new Map(
        [...(this.#versions.get(task) ?? [])].map(([by, all]) => [by, new Map(all)]),
      );
      for (const draft of this.#drafts.get(task) ?? [])
        keep(within(byLabeller, draft.by, newMap<string, Label>), draft, later);
      const states = [...byLabeller].map(([by, all]) => [by, stateOf([...all.values()])] as const);
      if (states.length === 0) this.#labels.delete(task);
      else this.#labels.set(task, new Map(states));
    }
  }

  /** In the order in which they were added. */
  get tasks(): readonly Task[] {
    this.#inOrder ??= [...this.#tasks.values()].sort(
      (a, b) => compare(a.at, b.at) || a.place - b.place || compare(a.id, b.id),
    );
    return this.#inOrder;
  }

  get guidelines(): ReadonlyMap<string, GuidelinesVersion> {
    return this.#guidelines;
  }

  task(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** The labels of a task, by labeller: the same map as long as they are the same. */
  labelsOf(task: string): ReadonlyMap<string, LabelState> {
    return this.#labels.get(task) ?? NO_LABELS;
  }

  labelOf(task: string, by: string): LabelState | undefined {
    return this.#labels.get(task)?.get(by);
  }

  statusOf(task: string, by: string): TaskStatus {
    const state = this.labelOf(task, by);
    if (!state) return 'open';
    return state.heads.length > 1 ? 'conflict' : state.label.status;
  }

  /** Those that are finished and of one version, of tasks that are known. */
  finished(): Finished[] {
    return this.tasks.flatMap((task) =>
      [...this.labelsOf(task.id)]
        .sort(([a], [b]) => compare(a, b))
        .flatMap(([, { label, heads }]) =>
          label.status === 'done' && heads.length === 1 && label.result.mode === task.mode
            ? [{ task, label }]
            : [],
        ),
    );
  }

  /** Everyone who labelled or added something, sorted. */
  get labellers(): readonly string[] {
    const names = new Set<string>();
    for (const byLabeller of this.#labels.values())
      for (const name of byLabeller.keys()) names.add(name);
    return [...names].sort(compare);
  }
}

const NO_LABELS: ReadonlyMap<string, LabelState> = new Map();
const newMap = <K, V>(): Map<K, V> => new Map<K, V>();

export interface Finished {
  readonly task: Task;
  readonly label: Label;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Newest first; those of one moment in an order that is the same everywhere. */
const newestFirst = (a: Label, b: Label): number => compare(b.at, a.at) || compare(b.id, a.id);

function stateOf(versions: readonly Label[]): LabelState {
  const replaced = new Set(
    versions.flatMap(({ after, id }) => after.filter((each) => each !== id)),
  );
  const heads = versions.filter(({ id }) => !replaced.has(id)).sort(newestFirst);
  // Versions that name each other in a circle were not written by this program: the newest counts.
  const [newest] = heads.length > 0 ? heads : [...versions].sort(newestFirst);
  if (!newest) throw new RangeError('A label has no version.');
  return { label: newest, heads: heads.length > 0 ? heads : [newest] };
}

interface Kept {
  readonly id: string;
  readonly at: string;
}

/** Of two lines with one id the same one stays, whichever was read first. True if it is this one. */
function keep<T extends Kept>(
  kept: Map<string, T>,
  record: T,
  wins: (a: Kept, b: Kept) => boolean,
): boolean {
  const before = kept.get(record.id);
  const stays = !before || wins(record, before);
  if (stays) kept.set(record.id, record);
  return stays;
}

const text = (record: Kept): string => JSON.stringify(record);
const earlier = (a: Kept, b: Kept): boolean => a.at < b.at || (a.at === b.at && text(a) < text(b));
const later = (a: Kept, b: Kept): boolean => a.at > b.at || (a.at === b.at && text(a) > text(b));

function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
