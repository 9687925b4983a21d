/**
 * The conversation that is shown, and its copy on the disk: written a second after a change, at once
 * when another one is shown or the window closes. What can't be kept is told of, and stops nothing.
 */
import { randomUUID } from 'node:crypto';
import { Conversation } from './conversation';
import type { KeptConversation } from './conversationFile';
import type { SessionParts } from './sessionParts';
import { titleOf } from './shown';

/** Milliseconds from a change until it is on the disk. */
const SAVE = 1000;
/** Where the editor keeps which conversation is shown. */
export const CURRENT = 'glassbox.chat.current';

export class Keeping {
  readonly #parts: Pick<SessionParts, 'store' | 'memory' | 'onLost'>;
  #id: string = randomUUID();
  #now: KeptConversation = { mode: 'chat', model: undefined, conversation: new Conversation() };
  #saving: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(parts: Pick<SessionParts, 'store' | 'memory' | 'onLost'>) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#id;
  }

  get now(): KeptConversation {
    return this.#now;
  }

  get conversation(): Conversation {
    return this.#now.conversation;
  }

  /** What is known of the conversation besides its passages. */
  change(more: Partial<Omit<KeptConversation, 'conversation'>>): void {
    this.#now = { ...this.#now, ...more };
  }

  /** Another conversation is shown from now on. */
  begin(kept: KeptConversation, id: string = randomUUID()): void {
    this.#id = id;
    this.#now = kept;
    this.remember(CURRENT, id);
  }

  remember(key: string, value: unknown): void {
    const { memory } = this.#parts;
    void Promise.resolve(memory.update(key, value)).catch((error: unknown) =>
      this.#parts.onLost(error),
    );
  }

  saveSoon(): void {
    if (!this.#disposed) this.#saving ??= setTimeout(() => void this.#save(), SAVE);
  }

  /** Resolves once what was changed is on the disk, or could not be kept. */
  async settle(): Promise<void> {
    if (this.#saving) await this.#save();
  }

  /** Keeps at once what is not yet on the disk. */
  dispose(): void {
    this.#disposed = true;
    if (!this.#saving) return;
    clearTimeout(this.#saving);
    this.#parts.store.writeNow(this.#id, this.#now);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (this.conversation.isEmpty) return;
    try {
      await this.#parts.store.write(this.#id, titleOf(this.conversation), this.#now);
      if (this.#parts.memory.get(CURRENT) !== this.#id) this.remember(CURRENT, this.#id);
    } catch (thrown) {
      this.#parts.onLost(thrown);
    }
  }
}
