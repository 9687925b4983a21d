/**
 * What a person does in the conversation that is shown. Everything that makes a model write changes the
 * tree first and then lets the model go on at the leaf that is shown (`answer`). An error becomes a
 * problem, shown in its place; nothing that was written is lost by it.
 */
import { GlassboxError, hasCode, messageOf } from '../../base/errors';
import type { ConverseEvent } from '../../protocol/chatMessages';
import type {
  ChatState,
  Consent,
  Explanation,
  Sampling,
  ShownTool,
  ToolName,
} from '../../protocol/chatSurface';
import type { GenerateEvent } from '../../protocol/messages';
import type { ChosenModel } from './chosenModel';
import { ROOT, textOf } from './conversation';
import type { Conversation } from './conversation';
import type { Keeping } from './keeping';
import { askedOf, textAskedOf } from './prompt';
import type { SessionParts } from './sessionParts';
import type { Telling } from './telling';
import { REFUSED, ToolChoice } from './toolChoice';
import type { ToolWishes } from './toolChoice';
import { Writing } from './writing';
import type { WritingTask } from './writing';

/** Alternatives that are kept for each token. */
const ALTERNATIVES = 8;

export interface TalkParts extends Pick<SessionParts, 'generate' | 'converse' | 'memory'> {
  readonly kept: Keeping;
  readonly telling: Telling;
  readonly model: ChosenModel;
  sampling(): Sampling;
}

export class Talk {
  readonly #parts: TalkParts;
  readonly #kept: Keeping;
  readonly #tools: ToolChoice;
  readonly #writing: Writing;
  #problem: ChatState['problem'];

  constructor(parts: TalkParts) {
    this.#parts = parts;
    this.#kept = parts.kept;
    this.#tools = new ToolChoice(parts.memory, (key, value) => this.#kept.remember(key, value));
    this.#writing = new Writing({
      token: (passage, token) => {
        parts.telling.token(passage, token);
        this.#kept.saveSoon();
      },
      changed: () => this.#changed(),
      failed: (thrown) => this.fail(thrown),
    });
  }

  get activity(): ChatState['activity'] {
    return this.#writing.activity;
  }

  get problem(): ChatState['problem'] {
    return this.#problem;
  }

  /** None of a model that calls none. */
  get tools(): ShownTool[] {
    return this.#parts.model.callForm ? this.#tools.shown(this.#allowed) : [];
  }

  async send(text: string): Promise<void> {
    this.#needModel();
    await this.stop();
    this.#refuseCall();
    const { id, role } = this.#conversation.leaf();
    const goesOn = this.#kept.now.mode === 'text' && text === '' && role === 'assistant';
    if (!goesOn) this.#conversation.add(id, 'user', text);
    this.answer();
  }

  async edit(passage: number, text: string): Promise<void> {
    this.#needModel();
    await this.stop();
    const { parent = ROOT } = this.#conversation.get(passage);
    this.#conversation.add(parent, 'user', text);
    this.answer();
  }

  async regenerate(passage: number): Promise<void> {
    this.#needModel();
    await this.stop();
    const { parent = ROOT } = this.#conversation.answerStart(passage);
    this.#conversation.add(parent, 'assistant');
    this.answer();
  }

  async branch(passage: number, index: number, token: number): Promise<void> {
    this.#needModel();
    await this.stop();
    const { callForm } = this.#parts.model;
    if (this.#conversation.branch(passage, index, token, callForm).isNew) this.answer();
    else this.#changed();
  }

  /** The model goes on at the leaf: with its answer, or by answering. */
  async goOn(): Promise<void> {
    this.#needModel();
    await this.stop();
    const { id, call } = this.#conversation.leaf();
    // A call that was given up is asked for again, unless it is allowed for longer.
    if (call && !this.#tools.allowed(call.tool, this.#allowed)) {
      this.#conversation.end(id, 'call');
      this.#problem = undefined;
      this.#changed();
    } else this.answer();
  }

  /** Of the call that the conversation ends with. Whoever clicks twice allows no other call. */
  consent(passage: number, answer: Consent): void {
    const { id, call, ending } = this.#conversation.leaf();
    if (this.activity !== 'idle' || id !== passage || !call || ending !== 'call') return;
    this.#needModel();
    if (answer === 'no') this.#refuseCall();
    else if (answer === 'workspace') this.#tools.allowAlways(call.tool);
    else if (answer === 'chat')
      this.#kept.change({ allowed: [...this.#allowed, this.#tools.keyOf(call.tool)] });
    this.answer();
  }

  useTool(name: ToolName, chosen: boolean): void {
    this.#tools.use(name, chosen);
    this.#parts.telling.tell();
  }

  /** Whether search has a place where it looks. */
  get hasSearchPlace(): boolean {
    return this.#tools.hasPlace;
  }

  searchIn(folder: string, name: string): void {
    this.#tools.searchIn(folder, name);
    this.#parts.telling.tell();
  }

  /** An answer that is being written was allowed more than that: it is stopped. */
  async askAgain(): Promise<void> {
    this.#tools.askAgain();
    this.#kept.change({ allowed: [] });
    this.#changed();
    await this.stop();
  }

  /** Resolves once nothing is written any more. */
  async stop(): Promise<void> {
    await this.#writing.stop();
  }

  choose(passage: number): void {
    this.#conversation.choose(passage);
    this.#changed();
  }

  explain(passage: number, index: number): Explanation {
    const token = this.#conversation.get(passage).tokens[index];
    if (!token) throw new RangeError(`Passage ${passage} has no token ${index}.`);
    return token;
  }

  /** What is said in the answer that the passage belongs to. */
  textOf(passage: number): string {
    const start = this.#conversation.answerStart(passage).id;
    return this.#conversation
      .path()
      .filter(({ id, role }) => role !== 'tool' && this.#conversation.answerStart(id).id === start)
      .map(textOf)
      .join('');
  }

  setInstructions(text: string): void {
    this.#conversation.instructions = text;
    this.#changed();
  }

  /** The model writes at the leaf that is shown. */
  answer(): void {
    this.#problem = undefined;
    this.#writing.begin(this.#conversation, () => this.#task());
  }

  fail(thrown: unknown): void {
    const known = thrown instanceof GlassboxError ? thrown.remedy : undefined;
    const isFull = hasCode(thrown, 'prompt-too-long');
    const remedy = isFull ? 'Begin a new conversation, or edit what was said.' : known;
    this.#problem = { message: messageOf(thrown), ...(remedy !== undefined && { remedy }) };
  }

  forgetProblem(): void {
    this.#problem = undefined;
  }

  get #conversation(): Conversation {
    return this.#kept.conversation;
  }

  get #allowed(): readonly string[] {
    return this.#kept.now.allowed ?? [];
  }

  /** The call that nobody has allowed has a result that says so. */
  #refuseCall(): void {
    const { id, call } = this.#conversation.leaf();
    if (!call) return;
    const result = { outcome: 'refused', milliseconds: 0, tokens: 0 } as const;
    this.#conversation.answerCall(id, REFUSED, result);
  }

  #needModel(): void {
    if (this.#parts.model.current) return;
    const error = new GlassboxError('no-model', 'No model is chosen.', {
      remedy: 'Choose one above.',
    });
    this.fail(error);
    this.#parts.telling.tell();
    throw error;
  }

  async #task(): Promise<WritingTask> {
    const { model } = this.#parts;
    await model.learnForm();
    const tools = model.callForm ? this.#tools.wishes(this.#allowed) : [];
    return {
      events: (signal) => this.#events(tools, signal),
      standingOf: (tool) => this.#tools.standingOf(tool, tools),
    };
  }

  #events(tools: ToolWishes, signal: AbortSignal): AsyncIterable<GenerateEvent | ConverseEvent> {
    const { folder = '', context = Infinity } = this.#parts.model.current ?? {};
    const sampling = this.#parts.sampling();
    const wish = {
      ...sampling,
      // An answer leaves room for another question.
      maxTokens: Math.min(sampling.maxTokens, Math.max(1, Math.floor(context / 2))),
      model: folder,
      topLogprobs: ALTERNATIVES,
    };
    const kept = this.#kept.now;
    // Of a text that goes on, a model reads what it can; a conversation without its beginning is none.
    if (kept.mode === 'text')
      return this.#parts.generate({ ...wish, ...textAskedOf(kept), sliding: true }, signal);
    return this.#parts.converse({ ...wish, ...askedOf(kept), tools }, signal);
  }

  #changed(): void {
    this.#parts.telling.tell();
    this.#kept.saveSoon();
  }
}
