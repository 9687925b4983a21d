/**
 * An answer while it is written: what the model says, calls and is given goes into the conversation, at
 * the leaf that is shown. An answer ends in some way always: by itself, stopped, or failed.
 */
import type { ConverseEvent } from '../../protocol/chatMessages';
import { ENDINGS } from '../../protocol/chatSurface';
import type { ChatState, Ending } from '../../protocol/chatSurface';
import type { GenerateEvent } from '../../protocol/messages';
import type { Conversation, Passage, Token } from './conversation';

type CallEvent = Extract<ConverseEvent, { kind: 'call' }>;
type ResultEvent = Extract<ConverseEvent, { kind: 'result' }>;

export interface WritingListener {
  /** A token was written, and nothing else has changed. */
  token(passage: number, token: Token): void;
  changed(): void;
  failed(thrown: unknown): void;
}

export class Writing {
  readonly #listener: WritingListener;
  #activity: ChatState['activity'] = 'idle';
  #running: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  constructor(listener: WritingListener) {
    this.#listener = listener;
  }

  get activity(): ChatState['activity'] {
    return this.#activity;
  }

  /** @param ask what the model writes at the leaf; asked once the leaf is an answer. */
  begin(
    conversation: Conversation,
    ask: (signal: AbortSignal) => AsyncIterable<GenerateEvent | ConverseEvent>,
  ): void {
    const abort = new AbortController();
    this.#activity = 'reading';
    this.#running = { abort, done: this.#write(conversation, ask, abort.signal) };
    this.#listener.changed();
  }

  /** Resolves once nothing is written any more. */
  async stop(): Promise<void> {
    this.#running?.abort.abort();
    await this.#running?.done;
  }

  async #write(
    conversation: Conversation,
    ask: (signal: AbortSignal) => AsyncIterable<GenerateEvent | ConverseEvent>,
    signal: AbortSignal,
  ): Promise<void> {
    const leaf = conversation.leaf();
    let { id } = leaf.role === 'assistant' ? leaf : conversation.add(leaf.id, 'assistant');
    let ending: Ending = 'failed';
    try {
      for await (const event of ask(signal)) {
        if (event.kind === 'start')
          conversation.measure(
            id,
            Math.max(0, event.promptTokens - conversation.get(id).tokens.length),
          );
        else if (event.kind === 'token') this.#token(conversation, id, event);
        else if (event.kind === 'call') this.#call(conversation, id, event);
        else if (event.kind === 'result') ({ id } = this.#result(conversation, id, event));
        else ending = endingOf(event.finishReason);
      }
    } catch (thrown) {
      if (signal.aborted) ending = 'stopped';
      else this.#listener.failed(thrown);
    }
    conversation.end(id, ending);
    this.#activity = 'idle';
    this.#running = undefined;
    this.#listener.changed();
  }

  #token(conversation: Conversation, passage: number, written: Token): void {
    const { id, text, logprob, rank, entropy, top, within } = written;
    const token: Token = {
      id,
      text,
      logprob: rounded(logprob),
      rank,
      entropy: rounded(entropy),
      top: top.map((each) => ({ ...each, logprob: rounded(each.logprob) })),
      ...(within && { within }),
    };
    conversation.append(passage, token);
    const first = this.#activity === 'reading';
    this.#activity = 'writing';
    if (first) this.#listener.changed();
    else this.#listener.token(passage, token);
  }

  #call(conversation: Conversation, passage: number, event: CallEvent): void {
    const { tool, input, arguments: given } = event;
    conversation.call(passage, { tool, input, arguments: given });
    this.#activity = 'calling';
    this.#listener.changed();
  }

  /** The passage in which the answer goes on. */
  #result(conversation: Conversation, passage: number, event: ResultEvent): Passage {
    const { outcome, milliseconds, output, forced } = event;
    const { tokensBefore, tokens } = conversation.get(passage);
    const result = conversation.answerCall(passage, output, {
      ...{ outcome, milliseconds, tokens: forced.length },
    });
    const next = conversation.add(result.id, 'assistant');
    if (tokensBefore !== undefined)
      conversation.measure(next.id, tokensBefore + tokens.length + forced.length);
    this.#activity = 'reading';
    this.#listener.changed();
    return next;
  }
}

/** Four decimals say all that is shown. */
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const endingOf = (reason: string): Ending => ENDINGS.find((each) => each === reason) ?? 'end';
