/** The branches of the open answer and their turns, changed by a person. */
import type { Turn } from '../../src/labels/record';
import { withoutCalls } from './draftTurns';
import type { Page } from './page';

export class Answers {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The turns of the branch that is shown; none where there is nothing to answer. */
  get branch(): readonly Turn[] {
    const { task } = this.#page;
    const result = task?.work.result;
    return result?.mode === 'answer' ? (result.branches[task?.at ?? 0] ?? []) : [];
  }

  setBranch(turns: readonly Turn[]): void {
    const { task } = this.#page;
    if (task?.work.result.mode !== 'answer') return;
    const branches = task.work.result.branches.map((each, at) =>
      at === task.at ? [...turns] : each,
    );
    this.#page.change({ result: { mode: 'answer', branches } });
  }

  write(turn: number, content: string): void {
    this.setBranch(this.branch.map((each, at) => (at === turn ? { ...each, content } : each)));
  }

  /** Another conversation that goes as this one does up to the turn, which is written anew. */
  branchAt(turn: number): void {
    const { task } = this.#page;
    if (task?.work.result.mode !== 'answer' || this.#isBusy) return;
    const before = this.branch.slice(0, turn);
    const role = this.branch[turn]?.role ?? 'assistant';
    const anew: Turn[] = [...before, { role, content: '' }];
    if (role === 'user') anew.push({ role: 'assistant', content: '' });
    const branches = [...task.work.result.branches, anew];
    task.at = branches.length - 1;
    task.editing = role === 'user' ? turn : undefined;
    this.#page.change({ result: { mode: 'answer', branches } });
  }

  removeBranch(): void {
    const { task } = this.#page;
    if (task?.work.result.mode !== 'answer' || this.#isBusy) return;
    const branches = task.work.result.branches.filter((_, at) => at !== task.at);
    if (branches.length === 0) return;
    task.at = Math.max(0, task.at - 1);
    this.#page.change({ result: { mode: 'answer', branches } });
  }

  showBranch(at: number): void {
    const { task } = this.#page;
    if (!task || this.#isBusy) return;
    task.at = at;
    task.editing = undefined;
    this.#page.redraw();
  }

  askFurther(): void {
    const { task } = this.#page;
    const { branch } = this;
    if (!task || this.#isBusy) return;
    task.editing = branch.length;
    this.setBranch([...branch, { role: 'user', content: '' }, { role: 'assistant', content: '' }]);
  }

  /** Takes back what was asked further. */
  removeFrom(turn: number): void {
    const { task } = this.#page;
    if (task) task.editing = undefined;
    this.setBranch(this.branch.slice(0, turn));
  }

  /** Takes the calls out of a turn, with what they gave; what is said around them stays as one answer. */
  removeCalls(turn: number): void {
    if (!this.#isBusy) this.setBranch(withoutCalls(this.branch, turn));
  }

  get #isBusy(): boolean {
    return this.#page.drafter.isBusy;
  }
}
