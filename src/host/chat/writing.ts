/**
 * An answer while it is written: what the model says, calls and is given goes into the conversation, at
 * the leaf that is shown. An answer ends in some way always: by itself, stopped, or failed.
 *
 * What a person changes about the tools meanwhile holds for the next call: that of a tool that is switched
 * off is refused, and the model asked to go on; where search looks elsewhere now, it is asked for.
 */
import type { ConverseEvent } from '../../protocol/chatMessages';
import { ENDINGS } from '../../protocol/chatSurface';
import type { ChatState, Ending } from '../../protocol/chatSurface';
import type { GenerateEvent } from '../../protocol/messages';
import type { Conversation, Passage, Token } from './conversation';
import type { Standing } from './toolChoice';

type CallEvent = Extract<ConverseEvent, { kind: 'call' }>;
type ResultEvent = Extract<ConverseEvent, { kind: 'result' }>;

/** What the model is asked to write at the leaf that is shown, and what becomes of its calls. */
export interface WritingTask {
  readonly events: (signal: AbortSignal) => AsyncIterable<GenerateEvent | ConverseEvent>;
  /** What a call of the tool comes to by now. */
  readonly standingOf: (tool: string) => Standing;
}

/** What a model is told of a call of a tool that was switched off while it wrote. */
const OFF = 'error: the person has switched this tool off';

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

  /** @param task asked once the leaf is an answer, and again where it goes on behind a refused call. */
  begin(conversation: Conversation, task: () => Promise<WritingTask>): void {
    const abort = new AbortController();
    this.#activity = 'reading';
    this.#running = { abort, done: this.#write(conversation, task, abort.signal) };
    this.#listener.changed();
  }

  /** Resolves once nothing is written any more. */
  async stop(): Promise<void> {
    this.#running?.abort.abort();
    await this.#running?.done;
  }

  async #write(
    conversation: Conversation,
    task: () => Promise<WritingTask>,
    signal: AbortSignal,
  ): Promise<void> {
    const leaf = conversation.leaf();
    let { id } = leaf.role === 'assistant' ? leaf : conversation.add(leaf.id, 'assistant');
    let ending: Ending | 'refused';
    try {
      do {
        ending = 'failed';
        const { events, standingOf } = await task();
        for await (const event of events(signal)) {
          if (event.kind === 'start') {
            const { tokens } = conversation.get(id);
            conversation.measure(id, Math.max(0, event.promptTokens - tokens.length));
          } else if (event.kind === 'token') this.#token(conversation, id, event);
          else if (event.kind === 'result') ({ id } = this.#result(conversation, id, event));
          else if (event.kind === 'done') ending = endingOf(event.finishReason);
          else {
            this.#call(conversation, id, event);
            const standing = standingOf(event.tool);
            if (standing === 'wished') continue;
            ending = standing === 'off' ? 'refused' : 'call';
            if (standing === 'off') ({ id } = this.#refuse(conversation, id));
            // To leave here ends what the engine does for the call.
            break;
          }
        }
        // Whoever looks at another version by now goes on there.
        if (ending === 'refused' && conversation.leaf().id !== id) ending = 'stopped';
      } while (ending === 'refused');
    } catch (thrown) {
      ending = signal.aborted ? 'stopped' : 'failed';
      if (!signal.aborted) this.#listener.failed(thrown);
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

  /** The passage in which the answer goes on, as do the next. */
  #refuse(conversation: Conversation, passage: number): Passage {
    const refused = { outcome: 'refused', milliseconds: 0, tokens: 0 } as const;
    const next = conversation.add(conversation.answerCall(passage, OFF, refused).id, 'assistant');
    this.#activity = 'reading';
    this.#listener.changed();
    return next;
  }

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
