/**
 * A labelling desk: one labels file, its guidelines, and who sits there. It answers the page's questions
 * and tells it what changes, in this window or elsewhere. Not covered: how it looks (`webview/label`),
 * and VS Code.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { readTextIfPresent } from '../../base/files';
import { citableSections, renderGuidelines, versionOf } from '../../labels/guidelines';
import type { LabelFile } from '../../labels/labelFile';
import type { Ledger } from '../../labels/ledger';
import type { Label, LabelRecord, Task, Turn } from '../../labels/record';
import { statisticsOf } from '../../labels/statistics';
import { shownOrder, tasksOf } from '../../labels/tasks';
import type { NewTask } from '../../labels/tasks';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { DeskEvent, DeskState, Statistics, TaskView, Work } from '../../protocol/labelSurface';
import { changesOf, Queue } from './queue';

export interface DeskParts {
  readonly file: LabelFile;
  readonly guidelinesFile: string;
  /** The file as it is called in the workspace. */
  readonly nameOf: (file: string) => string;
  /** Who labels in this window; undefined where nobody has said. */
  labeller(): string | undefined;
  model(): ModelSummary | undefined;
  hasModels(): boolean;
  /** What was kept is on the disk, but the files could not be read anew. */
  onUnread(error: unknown): void;
}

interface Guidelines {
  readonly text: string;
  readonly shown: NonNullable<DeskState['guidelines']>;
}

export class Desk {
  readonly #parts: DeskParts;
  readonly #listeners = new Set<(event: DeskEvent) => void>();
  readonly #queue = new Queue();
  /** Versions that may be on the disk although writing them failed, by task. */
  readonly #unsure = new Map<string, string[]>();
  #guidelines: Guidelines | undefined;
  #told: DeskState | undefined;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  get ledger(): Ledger {
    return this.file.now.ledger;
  }

  get file(): LabelFile {
    return this.#parts.file;
  }

  get guidelinesFile(): string {
    return this.#parts.guidelinesFile;
  }

  /** Reads the files and tells what has changed. Asked again while it reads, it reads once more. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#parts.file.read();
      const text = await readTextIfPresent(this.#parts.guidelinesFile);
      if (text !== this.#guidelines?.text)
        this.#guidelines = text === undefined ? undefined : this.#shownGuidelines(text);
    }
    this.tell();
  }

  #shownGuidelines(text: string): Guidelines {
    const { html, sections } = renderGuidelines(text);
    const file = this.#parts.nameOf(this.#parts.guidelinesFile);
    const shown = {
      version: versionOf(text),
      file,
      html,
      sections: [...citableSections(sections)],
    };
    return { text, shown };
  }

  /** Calls `listener` with the state now, and whatever changes from now on. */
  watch(listener: (event: DeskEvent) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state());
    return () => this.#listeners.delete(listener);
  }

  state(): DeskState {
    const { file, guidelinesFile, nameOf } = this.#parts;
    const labeller = this.#parts.labeller();
    const model = this.#parts.model();
    return {
      kind: 'state',
      file: nameOf(file.file),
      ...(labeller !== undefined && { labeller }),
      queue: this.#queue.items(this.ledger, labeller),
      ...(this.#guidelines && { guidelines: this.#guidelines.shown }),
      guidelinesFile: nameOf(guidelinesFile),
      broken: [...this.file.now.broken],
      ...(model && { model: { name: model.name, chat: model.chat } }),
      hasModels: this.#parts.hasModels(),
    };
  }

  /** Tells what differs from what was told last. */
  tell(): void {
    const state = this.state();
    const before = this.#told;
    this.#told = state;
    for (const event of changesOf(before, state))
      for (const listener of this.#listeners) listener(event);
  }

  /** Throws GlassboxError `unknown-task`. */
  open(id: string): TaskView {
    const task = this.#task(id);
    const labeller = this.#parts.labeller();
    const candidates = shownOrder(task, labeller ?? '');
    const state = labeller === undefined ? undefined : this.ledger.labelOf(id, labeller);
    const view = {
      task: id,
      mode: task.mode,
      turns: task.turns,
      ...(task.source !== undefined && { source: task.source }),
      candidates,
    };
    const blank = beginning(
      task,
      candidates.map((each) => each.id),
    );
    if (!state) return { ...view, work: blank, basis: [], heads: [], others: [] };
    const { label, heads } = state;
    const done = label.status === 'done';
    const others = [...this.ledger.labelsOf(id)]
      .filter(([by, each]) => by !== labeller && each.label.status === 'done')
      .map(([, each]) => each.label);
    const version = this.#guidelines?.shown.version;
    const since = label.guidelines !== undefined && label.guidelines !== version;
    return {
      ...view,
      work: label.result.mode === task.mode ? workOf(label) : blank,
      basis: done || label.status === 'skipped' ? [label.id] : [...label.after, label.id],
      ...(since && { madeUnder: label.guidelines }),
      heads: [...heads],
      // Who labels should not know what others made of it.
      others: done ? others : [],
    };
  }

  /**
   * Keeps a label: one that is being worked on as a draft, another as a line of the file, with the text
   * of the guidelines where that is not in there yet. Gives what the next version stands in for: of a
   * draft, which the next draft replaces on the disk, that is what it stood in for itself as well.
   *
   * @throws GlassboxError `no-labeller`, `unknown-task`, or what writing throws
   */
  async keep(id: string, basis: readonly string[], work: Work): Promise<string[]> {
    const by = this.needLabeller();
    this.#task(id);
    const at = new Date().toISOString();
    const version = this.#guidelines?.shown.version;
    const label: Label = {
      kind: 'label',
      id: randomBytes(8).toString('hex'),
      after: [...basis, ...(this.#unsure.get(id) ?? [])],
      task: id,
      by,
      at,
      ...work,
      ...(version !== undefined && { guidelines: version }),
    };
    const next = await this.#write(label).catch((thrown: unknown) => {
      this.#unsure.set(id, [...(this.#unsure.get(id) ?? []), label.id]);
      throw thrown;
    });
    this.#unsure.delete(id);
    await this.#readAgain();
    return next;
  }

  async #write(label: Label): Promise<string[]> {
    if (label.status === 'draft') {
      const gone = await this.file.keepDraft(label);
      return [...label.after.filter((each) => !gone.includes(each)), label.id];
    }
    const { guidelines: version, at } = label;
    const records: LabelRecord[] = [label];
    if (this.#guidelines && version !== undefined && !this.ledger.guidelines.has(version))
      records.unshift({ kind: 'guidelines', id: version, at, text: this.#guidelines.text });
    await this.file.append(records);
    return [label.id];
  }

  /** What was written is known, and told, where the files can't be read now, too. */
  async #readAgain(): Promise<void> {
    try {
      await this.refresh();
    } catch (thrown) {
      this.#parts.onUnread(thrown);
      this.tell();
    }
  }

  /** Adds what is not there yet; gives what was added. */
  async add(wanted: readonly NewTask[]): Promise<Task[]> {
    const by = this.needLabeller();
    const tasks = tasksOf(wanted, this.ledger.tasks, { by, at: new Date().toISOString() });
    await this.file.append(tasks);
    await this.#readAgain();
    return tasks;
  }

  /** A version of the guidelines that labels were made under, and the text as it is now. */
  guidelines(version: string): { html: string; text: string; now?: string } {
    const found = this.ledger.guidelines.get(version);
    if (!found)
      throw new GlassboxError(
        'unknown-guidelines',
        'The text of these guidelines is not in the labels file.',
      );
    const now = this.#guidelines?.text;
    return {
      html: renderGuidelines(found.text).html,
      text: found.text,
      ...(now !== undefined && { now }),
    };
  }

  statistics(): Statistics {
    return statisticsOf(this.ledger, this.#guidelines?.shown.sections ?? []);
  }

  /** @throws GlassboxError `no-labeller` */
  needLabeller(): string {
    const by = this.#parts.labeller();
    if (by !== undefined) return by;
    throw new GlassboxError('no-labeller', 'Nobody has said who labels here.', {
      remedy: 'Give your name first: it stands in each label.',
    });
  }

  #task(id: string): Task {
    const task = this.ledger.task(id);
    if (task) return task;
    throw new GlassboxError('unknown-task', 'This task is not in the labels file any more.', {
      remedy: `Look into ${path.basename(this.#parts.file.file)}: somebody took its line out.`,
    });
  }
}

/** A label nobody has begun. */
function beginning(task: Task, shown: string[]): Work {
  const { suggestion } = task;
  const answer: Turn = {
    role: 'assistant',
    content: suggestion?.text ?? '',
    ...(suggestion && { draft: suggestion }),
  };
  const result: Work['result'] =
    task.mode === 'answer'
      ? { mode: 'answer', branches: [[...task.turns, answer]] }
      : task.mode === 'rating'
        ? { mode: 'rating', shown, scores: {} }
        : { mode: 'ranking', shown };
  return { status: 'draft', seconds: 0, cites: [], result };
}

function workOf({ status, reason, seconds, cites, note, result }: Label): Work {
  return {
    status,
    seconds,
    cites,
    result,
    ...(reason !== undefined && { reason }),
    ...(note !== undefined && { note }),
  };
}
