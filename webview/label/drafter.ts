/**
 * A model writes the open answer anew: what it says, its calls of tools, and what these gave, each a
 * turn of its own. A tool that nobody has allowed is asked for; the answer then ends with the call, until
 * a person has said.
 */
import type { Turn } from '../../src/labels/record';
import type { Consent } from '../../src/protocol/chatSurface';
import { never } from '../shared/host';
import { startOfAnswer, withEvent } from './draftTurns';
import type { OpenTask } from './openTask';
import type { Page } from './page';

interface Place {
  readonly task: OpenTask;
  readonly branch: number;
}

export class Drafter {
  readonly #page: Page;
  #abort: AbortController | undefined;
  /** Of a call that waits: how many turns there are with it, and its tools. */
  #asked: (Place & { readonly turns: number; readonly tools: readonly string[] }) | undefined;
  /** What stood there before the last draft. */
  #before: (Place & { readonly from: number; readonly turns: readonly Turn[] }) | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Whether something is being written. */
  get isBusy(): boolean {
    return this.#abort !== undefined;
  }

  /** The tools that the answer which is shown waits for. */
  get asks(): readonly string[] | undefined {
    const asked = this.#asked;
    const { branch } = this.#page.answers;
    if (!asked || !this.#isHere(asked) || !branch[asked.turns - 1]?.toolCalls) return undefined;
    return branch.length <= asked.turns + 1 ? asked.tools : undefined;
  }

  get canUndo(): boolean {
    return !this.isBusy && this.#isHere(this.#before);
  }

  draft(): void {
    const { task, answers, state } = this.#page;
    const { branch } = answers;
    if (this.isBusy || !task || branch.at(-1)?.role !== 'assistant') return;
    if (!state?.model) {
      this.#page.do((ask) => ask.chooseModel({}, never));
      return;
    }
    const from = startOfAnswer(branch, task.view.turns.length);
    const turns = branch.slice(from);
    const wasEmpty = turns.every(({ content, toolCalls }) => content === '' && !toolCalls);
    this.#before = wasEmpty ? undefined : { task, branch: task.at, from, turns };
    this.#begin(branch.slice(0, from), undefined);
  }

  consent(consent: Consent): void {
    if (this.isBusy || this.asks === undefined) return;
    this.#begin(this.#page.answers.branch.slice(0, this.#asked?.turns), consent);
  }

  stop(): void {
    this.#abort?.abort();
  }

  undo(): void {
    const before = this.#before;
    if (!before || !this.canUndo) return;
    this.forget();
    const { answers } = this.#page;
    answers.setBranch([...answers.branch.slice(0, before.from), ...before.turns]);
  }

  /** Another task is open, or the same one as somebody else left it. */
  forget(): void {
    this.#asked = undefined;
    this.#before = undefined;
  }

  #isHere(place: Place | undefined): boolean {
    const { task } = this.#page;
    return place !== undefined && place.task === task && place.branch === task.at;
  }

  #begin(base: readonly Turn[], consent: Consent | undefined): void {
    const abort = new AbortController();
    this.#abort = abort;
    this.#asked = undefined;
    this.#page.problem = undefined;
    this.#write(base, consent, abort.signal)
      .catch((thrown: unknown) => {
        if (!abort.signal.aborted) this.#page.fail(thrown);
      })
      .finally(() => {
        this.#abort = undefined;
        this.#page.redraw();
        void this.#page.catchUp();
      });
    this.#page.redraw();
  }

  async #write(
    base: readonly Turn[],
    consent: Consent | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { answers, ask, task, state } = this.#page;
    const by = state?.model?.name ?? '';
    let written: readonly Turn[] = [];
    for await (const event of ask.draft({ turns: [...base], consent }, signal)) {
      if (signal.aborted || !task) return;
      if (event.kind === 'ask') {
        const turns = base.length + written.length;
        this.#asked = { task, branch: task.at, turns, tools: event.tools };
      } else {
        written = withEvent(written, event, by);
        answers.setBranch([...base, ...written]);
      }
    }
  }
}
