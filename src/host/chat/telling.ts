/**
 * What the pages that show the chat are told: its whole state when something changes, and tokens alone,
 * some at a time, while they are written.
 */
import type { ChatEvent, ChatState } from '../../protocol/chatSurface';
import type { Token } from './conversation';
import { shownToken } from './shown';

/** Milliseconds between two updates of the page, about two frames. */
const UPDATE = 33;

export class Telling {
  readonly #state: () => ChatState;
  readonly #contextUsed: () => number | undefined;
  readonly #listeners = new Set<(event: ChatEvent) => void>();
  #unsent: { readonly passage: number; readonly tokens: Token[] } | undefined;
  #updating: NodeJS.Timeout | undefined;

  constructor(state: () => ChatState, contextUsed: () => number | undefined) {
    this.#state = state;
    this.#contextUsed = contextUsed;
  }

  /** Calls `listener` with the state now and whatever happens from now on. */
  watch(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state());
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    clearTimeout(this.#updating);
    this.#updating = undefined;
    this.#unsent = undefined;
    const state = this.#state();
    for (const listener of this.#listeners) listener(state);
  }

  token(passage: number, token: Token): void {
    this.#unsent ??= { passage, tokens: [] };
    this.#unsent.tokens.push(token);
    this.#updating ??= setTimeout(() => this.#tellTokens(), UPDATE);
  }

  dispose(): void {
    clearTimeout(this.#updating);
    this.#listeners.clear();
  }

  #tellTokens(): void {
    const unsent = this.#unsent;
    this.#updating = undefined;
    this.#unsent = undefined;
    if (!unsent) return;
    const { passage } = unsent;
    const tokens = unsent.tokens.map(shownToken);
    const contextUsed = this.#contextUsed() ?? 0;
    for (const listener of this.#listeners)
      listener({ kind: 'tokens', passage, tokens, contextUsed });
  }
}
