/** Questions of which only the last matters: a new one gives up the one before. */
import { hasCode, messageOf } from '../../src/base/errors';

export class Latest<Answer> {
  #asking: AbortController | undefined;
  answer: Answer | undefined;
  problem: string | undefined;

  readonly #onAnswer: () => void;

  constructor(onAnswer: () => void) {
    this.#onAnswer = onAnswer;
  }

  ask(question: (signal: AbortSignal) => Promise<Answer>): void {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    question(asking.signal).then(
      (answer) => {
        if (this.#asking === asking) this.#settle(answer, undefined);
      },
      (thrown: unknown) => {
        if (this.#asking === asking && !hasCode(thrown, 'cancelled'))
          this.#settle(undefined, messageOf(thrown));
      },
    );
  }

  forget(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.answer = undefined;
    this.problem = undefined;
  }

  #settle(answer: Answer | undefined, problem: string | undefined): void {
    this.answer = answer;
    this.problem = problem;
    this.#onAnswer();
  }
}
