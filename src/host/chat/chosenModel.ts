/** The model that a chat is held with, and how it calls tools. */
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ChatForm } from '../../protocol/chatMessages';
import type { KeptConversation } from './conversationFile';
import type { SessionParts } from './sessionParts';

export class ChosenModel {
  current: ModelSummary | undefined;
  readonly #ask: SessionParts['chatForm'];
  readonly #onForm: () => void;
  /** Of the model in the folder, once it is known. */
  #form: { readonly folder: string; readonly call: ChatForm['call'] } | undefined;

  /** @param onForm it is known now that the model calls tools */
  constructor(ask: SessionParts['chatForm'], onForm: () => void) {
    this.#ask = ask;
    this.#onForm = onForm;
  }

  get mode(): KeptConversation['mode'] {
    return modeOf(this.current);
  }

  get callForm(): ChatForm['call'] {
    return this.#form?.folder === this.current?.folder ? this.#form?.call : undefined;
  }

  /** Asks how the model calls tools, if at all. */
  async learnForm(): Promise<void> {
    const { folder, chat = false } = this.current ?? {};
    if (folder === undefined || this.#form?.folder === folder) return;
    // What is wrong with the model is told when it shall write.
    const form: ChatForm = chat ? await this.#ask(folder).catch(() => ({})) : {};
    this.#form = { folder, call: form.call };
    if (form.call) this.#onForm();
  }
}

export const modeOf = (model: ModelSummary | undefined): KeptConversation['mode'] =>
  model?.chat === false ? 'text' : 'chat';
