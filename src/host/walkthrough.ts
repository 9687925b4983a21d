/**
 * The ticks of the walkthrough "How a language model is made". VS Code ticks a step when a context
 * becomes true while it knows the walkthrough, which it reads when it first shows one; a context that
 * was true by then never ticks. So what was done is kept here, contexts are true for a moment only,
 * and all are told again when the walkthrough is opened.
 */
import * as vscode from 'vscode';

export type Step =
  | ('tokenize' | 'tokenizer' | 'train' | 'watch' | 'sample' | 'chat')
  | ('conversations' | 'fineTune' | 'tools' | 'knowledge');

const DONE = 'glassbox.done';

export class Walkthrough {
  readonly #id: string;
  readonly #memory: vscode.Memento;
  readonly #done: Set<string>;

  constructor({ extension, globalState }: vscode.ExtensionContext) {
    this.#id = `${extension.id}#how`;
    this.#memory = globalState;
    const kept: unknown = globalState.get(DONE);
    this.#done = new Set(
      Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : [],
    );
  }

  /** A person has done what the step is about. */
  done(step: Step): void {
    if (!this.#done.has(step)) {
      this.#done.add(step);
      void this.#memory.update(DONE, [...this.#done]);
    }
    void this.#tell();
  }

  async open(): Promise<void> {
    await vscode.commands.executeCommand('workbench.action.openWalkthrough', this.#id);
    await this.#tell();
  }

  async #tell(): Promise<void> {
    for (const step of this.#done)
      for (const value of [true, false])
        await vscode.commands.executeCommand('setContext', `${DONE}.${step}`, value);
  }
}
