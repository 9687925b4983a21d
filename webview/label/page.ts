/**
 * What the desk's page knows and does; one object that its parts share. A person's work is held here and
 * kept by the host shortly after each change, one version after the other.
 */
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../src/base/errors';
import type { Label, Turn } from '../../src/labels/record';
import { labelSurface } from '../../src/protocol/labelSurface';
import type {
  DeskEvent,
  DeskState,
  QueueItem,
  TaskView,
  Work,
} from '../../src/protocol/labelSurface';
import type { Asker } from '../../src/protocol/rpc';
import { keepState, keptState, never } from '../shared/host';
import { t } from '../shared/l10n';
import { Autosave } from './autosave';

export const FILTERS = ['all', 'open', 'draft', 'done', 'skipped', 'conflict'] as const;

const ownSchema = z.object({
  task: z.string().nullable(),
  filter: z.enum(FILTERS),
  tab: z.enum(['work', 'statistics']),
  guidelinesOpen: z.boolean(),
});
type Own = z.infer<typeof ownSchema>;

/** Seconds without a key or click after which a person is taken to be away. */
const AWAY = 45;

export type Ask = ReturnType<typeof askOf>;

function askOf(asker: Asker) {
  return {
    watch: asker.stream(labelSurface.watch),
    open: asker.call(labelSurface.open),
    keep: asker.call(labelSurface.keep),
    draft: asker.stream(labelSurface.draft),
    addPrompt: asker.call(labelSurface.addPrompt),
    addPrompts: asker.call(labelSurface.addPrompts),
    addComparisons: asker.call(labelSurface.addComparisons),
    writeGuidelines: asker.call(labelSurface.writeGuidelines),
    openGuidelines: asker.call(labelSurface.openGuidelines),
    guidelines: asker.call(labelSurface.guidelines),
    chooseLabeller: asker.call(labelSurface.chooseLabeller),
    chooseModel: asker.call(labelSurface.chooseModel),
    newRun: asker.call(labelSurface.newRun),
    openAsText: asker.call(labelSurface.openAsText),
    exportLabels: asker.call(labelSurface.exportLabels),
    statistics: asker.call(labelSurface.statistics),
  };
}

/** The task that is open, and the work on it. */
export interface OpenTask {
  readonly view: TaskView;
  work: Work;
  basis: readonly string[];
  /** The version that the work was kept as, or read from. */
  head: string | undefined;
  /** Which branch is shown, and which candidate has the keys. */
  at: number;
  /** The turn that is being edited besides the last answer. */
  editing: number | undefined;
  saved: 'no' | 'saving' | 'yes';
}

export class Page {
  readonly ask: Ask;
  readonly #draw: () => void;
  #own: Own;
  #drawing = false;
  state: DeskState | undefined;
  task: OpenTask | undefined;
  /** Versions that somebody made elsewhere at the same time. */
  rivals: readonly Label[] = [];
  problem: string | undefined;
  /** What is being drafted: its turn, and how to stop it. */
  drafting: { readonly turn: number; readonly abort: AbortController } | undefined;
  /** What stood in the answer before the last draft. */
  beforeDraft: { readonly turn: number; readonly content: string } | undefined;
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
    this.#own = keptState(ownSchema) ?? beginning;
    this.#draw = () => {
      this.#drawing = false;
      draw(this);
    };
    setInterval(() => this.#tick(), 1000);
  }

  get own(): Own {
    return this.#own;
  }

  remember(change: Partial<Own>): void {
    this.#own = { ...this.#own, ...change };
    keepState(this.#own);
    this.redraw();
  }

  /** At the next frame, once. */
  redraw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(this.#draw);
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
    else void this.#catchUp();
  }

  // --- The queue --------------------------------------------------------------------------------

  get shown(): readonly QueueItem[] {
    const { filter } = this.own;
    const queue = this.state?.queue ?? [];
    return filter === 'all' ? queue : queue.filter(({ status }) => status === filter);
  }

  #openSome(): void {
    const { queue = [], labeller } = this.state ?? {};
    if (labeller === undefined) return;
    const kept = queue.find(({ task }) => task === this.own.task);
    const next = kept ?? queue.find(({ status }) => waits(status)) ?? queue[0];
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
    const queue = this.state?.queue ?? [];
    const at = queue.findIndex(({ task }) => task === after);
    const order = [...queue.slice(at + 1), ...queue.slice(0, Math.max(0, at))];
    const next = order.find(({ status, task }) => waits(status) && task !== after);
    if (next) this.open(next.task);
  }

  open(task: string): void {
    this.do(async (ask) => {
      this.stopDraft();
      this.#adopt(await this.#autosave.kept(() => ask.open({ task }, never)));
      this.remember({ task, tab: 'work' });
    });
  }

  #adopt(view: TaskView, at = 0): void {
    this.problem = undefined;
    this.panel = 'none';
    this.earlier = undefined;
    this.beforeDraft = undefined;
    const [newest, ...others] = view.heads;
    this.rivals = others;
    const { work, basis } = view;
    const saved = newest ? 'yes' : 'no';
    this.task = { view, work, basis, head: newest?.id, at, editing: undefined, saved };
    this.touch();
  }

  #close(): void {
    this.stopDraft();
    this.#autosave.forget();
    this.task = undefined;
    this.rivals = [];
  }

  /** The open label may have changed elsewhere. */
  async #catchUp(): Promise<void> {
    const { task } = this;
    if (!task || this.#isBusy()) return;
    const item = this.state?.queue.find((each) => each.task === task.view.task);
    if (!item) return;
    const known = task.head === undefined ? [] : [task.head];
    const rivals = this.rivals.map(({ id }) => id);
    if (sameSet(item.heads, [...known, ...rivals])) return;
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
    return this.#autosave.isBusy || this.drafting !== undefined;
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
      setTimeout(() => void this.#catchUp());
    }
  }

  finish(status: 'done' | 'skipped', reason?: string): void {
    const { task } = this;
    if (!task || this.drafting) return;
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
        const { status, seconds, cites, note, result, reason } = chosen;
        task.work = {
          ...{ status, seconds, cites, result },
          ...(note !== undefined && { note }),
          ...(reason !== undefined && { reason }),
        };
        task.at = 0;
      }
      this.rivals = [];
      await this.#autosave.now(() => this.#keep(task));
    });
  }

  // --- Answers ----------------------------------------------------------------------------------

  get branch(): readonly Turn[] {
    const result = this.task?.work.result;
    return result?.mode === 'answer' ? (result.branches[this.task?.at ?? 0] ?? []) : [];
  }

  setBranch(turns: readonly Turn[]): void {
    const { task } = this;
    if (task?.work.result.mode !== 'answer') return;
    const branches = task.work.result.branches.map((each, at) =>
      at === task.at ? [...turns] : each,
    );
    this.change({ result: { mode: 'answer', branches } });
  }

  write(turn: number, content: string): void {
    this.setBranch(this.branch.map((each, at) => (at === turn ? { ...each, content } : each)));
  }

  /** Another conversation that goes as this one does up to the turn, which is written anew. */
  branchAt(turn: number): void {
    const { task } = this;
    if (task?.work.result.mode !== 'answer' || this.drafting) return;
    const before = this.branch.slice(0, turn);
    const role = this.branch[turn]?.role ?? 'assistant';
    const anew: Turn[] = [...before, { role, content: '' }];
    if (role === 'user') anew.push({ role: 'assistant', content: '' });
    const branches = [...task.work.result.branches, anew];
    task.at = branches.length - 1;
    task.editing = role === 'user' ? turn : undefined;
    this.change({ result: { mode: 'answer', branches } });
  }

  removeBranch(): void {
    const { task } = this;
    if (task?.work.result.mode !== 'answer' || this.drafting) return;
    const branches = task.work.result.branches.filter((_, at) => at !== task.at);
    if (branches.length === 0) return;
    task.at = Math.max(0, task.at - 1);
    this.change({ result: { mode: 'answer', branches } });
  }

  showBranch(at: number): void {
    const { task } = this;
    if (!task || this.drafting) return;
    task.at = at;
    task.editing = undefined;
    this.redraw();
  }

  askFurther(): void {
    const { task, branch } = this;
    if (!task || this.drafting) return;
    task.editing = branch.length;
    this.setBranch([...branch, { role: 'user', content: '' }, { role: 'assistant', content: '' }]);
  }

  /** Takes back what was asked further. */
  removeFrom(turn: number): void {
    if (this.task) this.task.editing = undefined;
    this.setBranch(this.branch.slice(0, turn));
  }

  /** A model writes the answer anew, token by token. */
  draft(turn: number): void {
    const { branch, task } = this;
    if (this.drafting || !task || branch[turn]?.role !== 'assistant') return;
    const model = this.state?.model;
    if (!model) {
      this.do((ask) => ask.chooseModel({}, never));
      return;
    }
    const abort = new AbortController();
    const before = branch[turn].content;
    this.drafting = { turn, abort };
    this.beforeDraft = before === '' ? undefined : { turn, content: before };
    this.problem = undefined;
    this.#writeDraft(turn, branch.slice(0, turn), model.name, abort.signal)
      .catch((thrown: unknown) => {
        if (!abort.signal.aborted) this.fail(thrown);
      })
      .finally(() => {
        this.drafting = undefined;
        this.redraw();
        void this.#catchUp();
      });
    this.redraw();
  }

  async #writeDraft(
    turn: number,
    turns: readonly Turn[],
    by: string,
    signal: AbortSignal,
  ): Promise<void> {
    let text = '';
    for await (const piece of this.ask.draft({ turns: [...turns] }, signal)) {
      if (signal.aborted) return;
      text = (text + piece).replace(/^\s+/, '');
      const written: Turn = { role: 'assistant', content: text, draft: { by, text } };
      this.setBranch(this.branch.map((each, at) => (at === turn ? written : each)));
    }
  }

  stopDraft(): void {
    this.drafting?.abort.abort();
  }

  undoDraft(): void {
    const { beforeDraft } = this;
    if (!beforeDraft || this.drafting) return;
    this.beforeDraft = undefined;
    const { turn, content } = beforeDraft;
    this.setBranch(
      this.branch.map((each, at) => (at === turn ? { role: 'assistant' as const, content } : each)),
    );
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

const waits = (status: QueueItem['status']): boolean => status === 'open' || status === 'draft';

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

/** What a label lacks to be finished; undefined where it lacks nothing. */
function missingIn({ work: { result }, view }: OpenTask): string | undefined {
  if (result.mode === 'answer') {
    const lacks = (branch: readonly Turn[]): boolean =>
      branch.at(-1)?.role !== 'assistant' ||
      branch.some(({ content, toolCalls }) => content.trim() === '' && !toolCalls);
    const empty = result.branches.findIndex(lacks);
    if (empty < 0) return undefined;
    return result.branches.length === 1
      ? t('Something in it is empty: write an answer, or skip the prompt.')
      : t('Something in branch {0} is empty.', empty + 1);
  }
  if (result.mode === 'ranking')
    return result.choice === undefined ? t('Choose one of the two, or a tie.') : undefined;
  const unmarked = view.candidates.filter(({ id }) => result.scores[id] === undefined).length;
  return unmarked === 0 ? undefined : t('{0} answers have no mark yet.', unmarked);
}
