/**
 * What the desk's page knows and does; one object that its parts share. A person's work is held here and
 * kept by the host shortly after each change, one version after the other.
 */
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../src/base/errors';
import type { Label } from '../../src/labels/record';
import type {
  DeskEvent,
  DeskState,
  QueueItem,
  TaskView,
  Work,
} from '../../src/protocol/labelSurface';
import type { Asker } from '../../src/protocol/rpc';
import { Drawn } from '../shared/drawn';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { Answers } from './answers';
import { askOf } from './ask';
import type { Ask } from './ask';
import { Autosave } from './autosave';
import { Drafter } from './drafter';
import { knowsAll, missingIn, openTask, workOf } from './openTask';
import type { OpenTask } from './openTask';
import { filtered, FILTERS, firstOf, nextOf } from './queueOrder';

const ownSchema = z.object({
  task: z.string().nullable(),
  filter: z.enum(FILTERS),
  tab: z.enum(['work', 'statistics']),
  guidelinesOpen: z.boolean(),
});
type Own = z.infer<typeof ownSchema>;

/** Seconds without a key or click after which a person is taken to be away. */
const AWAY = 45;

export class Page {
  readonly ask: Ask;
  readonly #drawn: Drawn<Own>;
  readonly answers = new Answers(this);
  readonly drafter = new Drafter(this);
  state: DeskState | undefined;
  task: OpenTask | undefined;
  /** Versions that somebody made elsewhere at the same time. */
  rivals: readonly Label[] = [];
  problem: string | undefined;
  /** Open parts of the page. */
  panel: 'none' | 'prompt' | 'skip' | 'keys' = 'none';
  /** Guidelines as they were for the open label. */
  earlier:
    { readonly html: string; readonly text: string; readonly now?: string | undefined } | undefined;
  newPrompt = { system: '', prompt: '' };
  skipReason = '';
  readonly #autosave = new Autosave(
    () => this.#keepOpen(),
    (thrown) => this.fail(thrown),
  );
  #active = 0;

  constructor(asker: Asker, draw: (page: Page) => void) {
    this.ask = askOf(asker);
    const beginning: Own = { task: null, filter: 'all', tab: 'work', guidelinesOpen: true };
    this.#drawn = new Drawn(ownSchema, beginning, () => draw(this));
    setInterval(() => this.#tick(), 1000);
  }

  get own(): Own {
    return this.#drawn.own;
  }

  remember(change: Partial<Own>): void {
    this.#drawn.remember(change);
  }

  /** At the next frame, once. */
  redraw(): void {
    this.#drawn.redraw();
  }

  /** Somebody is there. */
  touch(): void {
    this.#active = Date.now();
  }

  #tick(): void {
    const here = document.hasFocus() && Date.now() - this.#active < AWAY * 1000;
    if (!this.task || !here || this.own.tab !== 'work') return;
    if (this.task.work.status !== 'draft') return;
    this.task.work = { ...this.task.work, seconds: this.task.work.seconds + 1 };
  }

  /** Asks the host; what goes wrong is told in the page. */
  do(work: (ask: Ask) => Promise<unknown>): void {
    work(this.ask).then(
      () => this.redraw(),
      (error: unknown) => this.fail(error),
    );
  }

  fail(error: unknown): void {
    const remedy = error instanceof GlassboxError ? (error.remedy ?? '') : '';
    this.problem = `${messageOf(error)} ${remedy}`.trim();
    this.redraw();
  }

  /** Until the page ends. */
  async watch(): Promise<void> {
    try {
      for await (const event of this.ask.watch({}, never)) this.#take(event);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  #take(event: DeskEvent): void {
    const before = this.state;
    if (event.kind === 'state') this.state = event;
    else if (before) {
      const queue = before.queue.map((item) => (item.task === event.item.task ? event.item : item));
      this.state = { ...before, queue };
    }
    const changedHands = before && before.labeller !== this.state?.labeller;
    if (changedHands) this.#close();
    this.redraw();
    if (!this.task) this.#openSome();
    else void this.catchUp();
  }

  // --- The queue --------------------------------------------------------------------------------

  get shown(): readonly QueueItem[] {
    return filtered(this.state?.queue ?? [], this.own.filter);
  }

  #openSome(): void {
    const { queue = [], labeller } = this.state ?? {};
    if (labeller === undefined) return;
    const next = firstOf(queue, this.own.task);
    if (next) this.open(next.task);
  }

  /** The one before or after the open one, of those shown. */
  step(by: 1 | -1): void {
    const { shown } = this;
    const at = shown.findIndex(({ task }) => task === this.task?.view.task);
    const next = shown[at < 0 ? 0 : at + by];
    if (next) this.open(next.task);
  }

  #openNext(after: string): void {
    const next = nextOf(this.state?.queue ?? [], after);
    if (next) this.open(next.task);
  }

  open(task: string): void {
    this.do(async (ask) => {
      this.drafter.stop();
      this.#adopt(await this.#autosave.kept(() => ask.open({ task }, never)));
      this.remember({ task, tab: 'work' });
    });
  }

  #adopt(view: TaskView, at = 0): void {
    this.problem = undefined;
    this.panel = 'none';
    this.earlier = undefined;
    this.drafter.forget();
    this.rivals = view.heads.slice(1);
    this.task = openTask(view, at);
    this.touch();
  }

  #close(): void {
    this.drafter.stop();
    this.#autosave.forget();
    this.task = undefined;
    this.rivals = [];
  }

  /** The open label may have changed elsewhere. */
  async catchUp(): Promise<void> {
    const { task } = this;
    if (!task || this.#isBusy()) return;
    const item = this.state?.queue.find((each) => each.task === task.view.task);
    if (!item) return;
    if (knowsAll(item.heads, task, this.rivals)) return;
    try {
      const view = await this.ask.open({ task: task.view.task }, never);
      if (this.task !== task || this.#isBusy()) return;
      const mine = view.heads.find(({ id }) => id === task.head);
      if (mine) this.rivals = view.heads.filter(({ id }) => id !== task.head);
      else this.#adopt(view, task.at);
      this.redraw();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** What is here is newer than what the host has. */
  #isBusy(): boolean {
    return this.#autosave.isBusy || this.drafter.isBusy;
  }

  // --- The work ---------------------------------------------------------------------------------

  /** What is changed is not finished any more, and is kept soon. */
  change(change: Partial<Work>): void {
    const { task } = this;
    if (!task) return;
    task.work = { ...task.work, status: 'draft', ...change };
    task.saved = 'no';
    this.#autosave.changed();
    this.redraw();
  }

  /** Keeps what is not kept yet. */
  flush(): Promise<void> {
    return this.#autosave.flush();
  }

  async #keepOpen(): Promise<void> {
    if (this.task) await this.#keep(this.task);
  }

  /** What goes wrong is told; the work is here still, and the next change tries again. */
  async #keep(task: OpenTask): Promise<void> {
    task.saved = 'saving';
    const { view, basis, work } = task;
    try {
      const answer = await this.ask.keep({ task: view.task, basis: [...basis], work }, never);
      task.basis = answer.basis;
      task.head = answer.basis.at(-1);
      task.saved = this.#autosave.isDirty ? 'no' : 'yes';
    } catch (thrown) {
      task.saved = 'no';
      throw thrown;
    } finally {
      this.redraw();
      // Once nothing is being kept any more.
      setTimeout(() => void this.catchUp());
    }
  }

  finish(status: 'done' | 'skipped', reason?: string): void {
    const { task } = this;
    if (!task || this.drafter.isBusy) return;
    const missing = status === 'done' ? missingIn(task) : undefined;
    if (missing !== undefined) {
      this.problem = missing;
      this.redraw();
      return;
    }
    this.do(async () => {
      await this.#autosave.now(() => {
        task.work = { ...task.work, status, reason };
        return this.#keep(task);
      });
      this.panel = 'none';
      this.skipReason = '';
      this.problem = undefined;
      this.#openNext(task.view.task);
    });
  }

  /** Decides between versions: this one stands in for all. */
  decide(chosen: Label | 'mine'): void {
    const { task, rivals } = this;
    if (!task) return;
    this.do(async () => {
      await this.flush();
      task.basis = [...new Set([...task.basis, ...rivals.map(({ id }) => id)])];
      if (chosen !== 'mine') {
        task.work = workOf(chosen);
        task.at = 0;
      }
      this.rivals = [];
      await this.#autosave.now(() => this.#keep(task));
    });
  }

  cite(slug: string): void {
    const cites = this.task?.work.cites ?? [];
    this.change({
      cites: cites.includes(slug) ? cites.filter((each) => each !== slug) : [...cites, slug],
    });
  }

  addPrompt(): void {
    const { system, prompt } = this.newPrompt;
    if (prompt.trim() === '') return;
    this.do(async (ask) => {
      const { task } = await ask.addPrompt({ system, prompt }, never);
      this.newPrompt = { system, prompt: '' };
      this.panel = 'none';
      if (task === undefined) this.problem = t('This prompt is in the queue already.');
      else this.open(task);
    });
  }
}
