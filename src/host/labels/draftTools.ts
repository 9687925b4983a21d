/**
 * The tools that a model may call while it drafts: those of the chat, which a person allows as there.
 * What is allowed for the workspace holds in both; what is allowed for longer than a call otherwise
 * holds at this desk, as long as it is open.
 */
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ConverseRequest } from '../../protocol/chatMessages';
import type { Consent } from '../../protocol/chatSurface';
import type { Memory } from '../chat/conversationStore';
import { ToolChoice } from '../chat/toolChoice';
import type { EngineClient } from '../engine/engineClient';

type AskForm = Awaited<ReturnType<EngineClient['methods']>>['chatForm'];

export class DraftTools {
  readonly #memory: Pick<Memory, 'get'>;
  readonly #keep: (key: string, value: unknown) => void;
  readonly #allowed = new Set<string>();
  /** Whether the model of a folder calls tools. */
  readonly #callers = new Map<string, boolean>();

  constructor(memory: Pick<Memory, 'get'>, keep: (key: string, value: unknown) => void) {
    this.#memory = memory;
    this.#keep = keep;
  }

  /** What is wrong with a model is told when it shall write. */
  async calledBy(model: ModelSummary, chatForm: AskForm): Promise<boolean> {
    const { chat, folder } = model;
    if (!chat) return false;
    const known = this.#callers.get(folder);
    if (known !== undefined) return known;
    const form = await chatForm({ model: folder }, new AbortController().signal).catch(() => ({}));
    const calls = 'call' in form && form.call !== undefined;
    this.#callers.set(folder, calls);
    return calls;
  }

  wishes(): NonNullable<ConverseRequest['tools']> {
    return this.#choice().wishes([...this.#allowed]);
  }

  areAllowed(tools: readonly string[]): boolean {
    const choice = this.#choice();
    return tools.every((tool) => choice.allowed(tool, [...this.#allowed]) !== undefined);
  }

  /** A person said so. `once` leaves nothing behind. */
  allow(tools: readonly string[], consent: Exclude<Consent, 'no'>): void {
    const choice = this.#choice();
    for (const tool of tools)
      if (consent === 'workspace') choice.allowAlways(tool);
      else if (consent === 'chat') this.#allowed.add(choice.keyOf(tool));
  }

  /** As it is now: the chat changes it, too. */
  #choice(): ToolChoice {
    return new ToolChoice(this.#memory, this.#keep);
  }
}
