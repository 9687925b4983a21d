/**
 * The chat: which conversation is shown, with which model, and what a person does to it. Everything
 * that makes a model write changes the tree first and then lets the model go on at the leaf that is
 * shown (`#write`). An error becomes the session's problem, shown in its place; nothing that was
 * written is lost by it. Not covered: how it looks (`webview/chat`), and VS Code.
 */
import { randomUUID } from 'node:crypto';
import { GlassboxError, hasCode, messageOf } from '../../base/errors';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type {
  ChatForm,
  ConversationMessage,
  ConverseEvent,
  ConverseRequest,
} from '../../protocol/chatMessages';
import type {
  ChatEvent,
  ChatState,
  Consent,
  Ending,
  Explanation,
  Sampling,
  ToolName,
} from '../../protocol/chatSurface';
import type { GenerateEvent, GenerateRequest } from '../../protocol/messages';
import { ENDINGS, samplingSchema } from '../../protocol/chatSurface';
import { Conversation, ROOT, textOf } from './conversation';
import type { Passage, Token } from './conversation';
import type { KeptConversation } from './conversationFile';
import type { ConversationEntry, ConversationStore, Memory } from './conversationStore';
import { askedOf, conversationOf, messagesOf, textAskedOf } from './prompt';
import { contextUsed, shownPassage, shownToken, titleOf } from './shown';
import { ToolChoice } from './toolChoice';

export interface SessionParts {
  /** Goes on with a text. */
  generate(
    request: Omit<GenerateRequest, 'backend' | 'threads'>,
    signal: AbortSignal,
  ): AsyncIterable<GenerateEvent>;
  /** Answers in a conversation. */
  converse(
    request: Omit<ConverseRequest, 'backend' | 'threads'>,
    signal: AbortSignal,
  ): AsyncIterable<ConverseEvent>;
  /** How a model calls tools. */
  chatForm(folder: string): Promise<ChatForm>;
  /** Those that can be used, the one to offer first in front. */
  models(): readonly ModelSummary[];
  /** Looks at a folder; undefined where there is no model that can be used. */
  findModel(folder: string): Promise<ModelSummary | undefined>;
  /** The settings. */
  sampling(): Sampling;
  readonly store: ConversationStore;
  readonly memory: Memory;
  /** Something could not be kept on the disk. */
  onLost(error: unknown): void;
}

/** Alternatives that are kept for each token. */
const ALTERNATIVES = 8;
/** Milliseconds between two updates of the page, about two frames. */
const UPDATE = 33;
/** Milliseconds from a change until it is on the disk. */
const SAVE = 1000;
const CURRENT = 'glassbox.chat.current';
const MODEL = 'glassbox.chat.model';
const SAMPLING = 'glassbox.chat.sampling';

/** What a model is told of a call that a person does not allow. */
const REFUSED = 'error: the person does not allow this call';

type CallEvent = Extract<ConverseEvent, { kind: 'call' }>;
type ResultEvent = Extract<ConverseEvent, { kind: 'result' }>;

const modeOf = (model: ModelSummary | undefined): 'chat' | 'text' =>
  model?.chat === false ? 'text' : 'chat';

export class ChatSession {
  readonly #parts: SessionParts;
  readonly #listeners = new Set<(event: ChatEvent) => void>();
  #id: string = randomUUID();
  #kept: KeptConversation = { mode: 'chat', model: undefined, conversation: new Conversation() };
  #model: ModelSummary | undefined;
  /** Of the model in the folder, once it is known. */
  #form: { readonly folder: string; readonly call: ChatForm['call'] } | undefined;
  readonly #tools: ToolChoice;
  #ownSampling: Sampling | undefined;
  #activity: ChatState['activity'] = 'idle';
  #problem: ChatState['problem'];
  #writing: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #unsent: { readonly passage: number; readonly tokens: Token[] } | undefined;
  #updating: NodeJS.Timeout | undefined;
  #saving: NodeJS.Timeout | undefined;
  #draft = '';
  #disposed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#ownSampling = samplingSchema.safeParse(parts.memory.get(SAMPLING)).data;
    this.#tools = new ToolChoice(parts.memory, (key, value) => this.#remember(key, value));
  }

  /** Shows the conversation that was shown last, with its model; what fails is a problem that is shown. */
  async restore(): Promise<void> {
    try {
      await this.#restore();
    } catch (thrown) {
      this.#fail(thrown);
      this.#emit();
    }
  }

  async #restore(): Promise<void> {
    this.#draft = await this.#parts.store.readDraft();
    const id = this.#parts.memory.get(CURRENT);
    if (typeof id === 'string') await this.open(id);
    if (this.#model) return;
    const folder = this.#parts.memory.get(MODEL);
    const model = typeof folder === 'string' ? await this.#parts.findModel(folder) : undefined;
    const first = model ?? this.#parts.models()[0];
    if (first && this.#conversation.isEmpty) await this.useModel(first);
  }

  /** Calls `listener` with the state now and whatever happens from now on. */
  watch(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state());
    return () => this.#listeners.delete(listener);
  }

  state(): ChatState {
    const { conversation, mode } = this.#kept;
    const model = this.#model;
    return {
      kind: 'state',
      conversation: this.#id,
      mode,
      instructions: conversation.instructions,
      draft: this.#draft,
      path: conversation.path().map((each) => shownPassage(conversation, each)),
      ...(model && {
        model: { name: model.name, parameters: model.parameters, context: model.context },
      }),
      hasModels: this.#parts.models().length > 0,
      sampling: this.#sampling,
      samplingChanged: this.#ownSampling !== undefined,
      tools: this.#callForm ? this.#tools.shown(this.#kept.allowed ?? []) : [],
      activity: this.#activity,
      contextUsed: contextUsed(conversation),
      problem: this.#problem,
    };
  }

  // --- What a person does ---------------------------------------------------------------------

  async send(text: string): Promise<void> {
    this.#needModel();
    await this.stop();
    this.#refuseCall();
    const { id, role } = this.#conversation.leaf();
    const goesOn = this.#kept.mode === 'text' && text === '' && role === 'assistant';
    if (!goesOn) this.#conversation.add(id, 'user', text);
    this.#write();
  }

  async edit(passage: number, text: string): Promise<void> {
    this.#needModel();
    await this.stop();
    const { parent = ROOT } = this.#conversation.get(passage);
    this.#conversation.add(parent, 'user', text);
    this.#write();
  }

  async regenerate(passage: number): Promise<void> {
    this.#needModel();
    await this.stop();
    const { parent = ROOT } = this.#conversation.answerStart(passage);
    this.#conversation.add(parent, 'assistant');
    this.#write();
  }

  async branch(passage: number, index: number, token: number): Promise<void> {
    this.#needModel();
    await this.stop();
    if (this.#conversation.branch(passage, index, token, this.#callForm).isNew) this.#write();
    else this.#changed();
  }

  /** The model goes on at the leaf: with its answer, or by answering. */
  async goOn(): Promise<void> {
    this.#needModel();
    await this.stop();
    const { id, call } = this.#conversation.leaf();
    // A call that was given up is asked for again, unless it is allowed for longer.
    if (call && !this.#tools.allowed(call.tool, this.#kept.allowed ?? [])) {
      this.#conversation.end(id, 'call');
      this.#problem = undefined;
      this.#changed();
    } else this.#write();
  }

  /** Of the call that the conversation ends with. Whoever clicks twice allows no other call. */
  consent(passage: number, answer: Consent): void {
    const { id, call, ending } = this.#conversation.leaf();
    if (this.#writing || id !== passage || !call || ending !== 'call') return;
    this.#needModel();
    const allowed = [...(this.#kept.allowed ?? []), this.#tools.keyOf(call.tool)];
    if (answer === 'no') this.#refuseCall();
    else if (answer === 'workspace') this.#tools.allowAlways(call.tool);
    else if (answer === 'chat') this.#kept = { ...this.#kept, allowed };
    this.#write();
  }

  useTool(name: ToolName, chosen: boolean): void {
    this.#tools.use(name, chosen);
    this.#emit();
  }

  /** Whether search has a place where it looks. */
  get hasSearchPlace(): boolean {
    return this.#tools.hasPlace;
  }

  searchIn(folder: string, name: string): void {
    this.#tools.searchIn(folder, name);
    this.#emit();
  }

  /** An answer that is being written was allowed more than that: it is stopped. */
  async askAgain(): Promise<void> {
    this.#tools.askAgain();
    this.#kept = { ...this.#kept, allowed: [] };
    this.#changed();
    await this.stop();
  }

  /** Resolves once nothing is written any more. */
  async stop(): Promise<void> {
    this.#writing?.abort.abort();
    await this.#writing?.done;
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

  textOf(passage: number): string {
    const parts = this.#conversation.path();
    const start = this.#conversation.answerStart(passage).id;
    return parts
      .filter(({ id, role }) => {
        return role !== 'tool' && this.#conversation.answerStart(id).id === start;
      })
      .map(textOf)
      .join('');
  }

  setInstructions(text: string): void {
    this.#conversation.instructions = text;
    this.#changed();
  }

  /** What a person is typing is there again after the window closed. */
  async keepDraft(text: string): Promise<void> {
    this.#draft = text;
    await this.#parts.store.writeDraft(text);
  }

  /** Undefined: as the settings have it. */
  setSampling(sampling: Sampling | undefined): void {
    this.#ownSampling = sampling;
    this.#remember(SAMPLING, sampling);
    this.#emit();
  }

  // --- Models and conversations ---------------------------------------------------------------

  /** A conversation of another kind than the model's is left where it is; a new one begins. */
  async useModel(model: ModelSummary): Promise<void> {
    await this.#leave();
    const mode = modeOf(model);
    if (mode === this.#kept.mode || this.#conversation.isEmpty)
      this.#kept = { ...this.#kept, mode, model: model.folder };
    else this.#begin({ mode, model: model.folder, conversation: new Conversation() });
    this.#model = model;
    this.#problem = undefined;
    this.#remember(MODEL, model.folder);
    this.#changed();
    await this.#learnForm();
  }

  /** The list of models has changed. */
  async modelsChanged(): Promise<void> {
    const models = this.#parts.models();
    const chosen = this.#model?.folder;
    const model = models.find(({ folder }) => folder === chosen);
    if (model) this.#model = model;
    else if (!chosen && models[0] && this.#conversation.isEmpty) await this.useModel(models[0]);
    this.#emit();
  }

  async newConversation(): Promise<void> {
    await this.#leave();
    const model = this.#model;
    this.#begin({ mode: modeOf(model), model: model?.folder, conversation: new Conversation() });
    this.#emit();
  }

  /** Shows a conversation that was kept; one that can't be read is a problem that is shown. */
  async open(id: string): Promise<void> {
    if (id === this.#id) return;
    await this.#leave();
    try {
      const kept = await this.#parts.store.read(id);
      if (!kept) return;
      this.#begin(kept, id);
      const model = kept.model === undefined ? undefined : await this.#parts.findModel(kept.model);
      this.#model = model ?? (modeOf(this.#model) === kept.mode ? this.#model : undefined);
      await this.#learnForm();
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#emit();
  }

  async forget(id: string): Promise<void> {
    if (id === this.#id) {
      await this.stop();
      this.#begin({ ...this.#kept, conversation: new Conversation() });
      this.#emit();
    }
    await this.#parts.store.remove(id);
  }

  /** Reads what was said elsewhere; the model answers where a person had the last word. */
  async continueFrom(
    messages: readonly ConversationMessage[],
    text: string,
    model: ModelSummary,
  ): Promise<void> {
    await this.#leave();
    const mode = modeOf(model);
    const isText = mode === 'text';
    const conversation = conversationOf(isText ? [{ role: 'user', content: text }] : messages);
    this.#begin({ mode, model: model.folder, conversation });
    await this.useModel(model);
    const { role } = conversation.leaf();
    if (mode === 'chat' && (role === 'user' || role === 'tool')) this.#write();
  }

  /** Those that were kept, newest first. */
  conversations(): readonly ConversationEntry[] {
    return this.#parts.store.list();
  }

  /** What is shown, as messages; of a text all of it as one. */
  messages(): readonly ConversationMessage[] {
    return messagesOf(this.#kept);
  }

  get title(): string {
    return titleOf(this.#conversation);
  }

  get modelName(): string | undefined {
    return this.#model?.name;
  }

  /** Keeps at once what is not yet on the disk. */
  dispose(): void {
    this.#disposed = true;
    this.#writing?.abort.abort();
    clearTimeout(this.#updating);
    if (this.#saving) {
      clearTimeout(this.#saving);
      this.#parts.store.writeNow(this.#id, this.#kept);
    }
    this.#listeners.clear();
  }

  // --- Writing --------------------------------------------------------------------------------

  get #conversation(): Conversation {
    return this.#kept.conversation;
  }

  get #sampling(): Sampling {
    return this.#ownSampling ?? this.#parts.sampling();
  }

  get #callForm(): ChatForm['call'] {
    return this.#form?.folder === this.#model?.folder ? this.#form?.call : undefined;
  }

  /** Asks how the model calls tools, if at all. */
  async #learnForm(): Promise<void> {
    const { folder, chat = false } = this.#model ?? {};
    if (folder === undefined || this.#form?.folder === folder) return;
    // What is wrong with the model is told when it shall write.
    const form: ChatForm = chat ? await this.#parts.chatForm(folder).catch(() => ({})) : {};
    this.#form = { folder, call: form.call };
    if (form.call && !this.#disposed) this.#emit();
  }

  /** The call that nobody has allowed has a result that says so. */
  #refuseCall(): void {
    const { id, call } = this.#conversation.leaf();
    if (!call) return;
    const result = { outcome: 'refused', milliseconds: 0, tokens: 0 } as const;
    this.#conversation.answerCall(id, REFUSED, result);
  }

  #needModel(): void {
    if (this.#model) return;
    const error = new GlassboxError('no-model', 'No model is chosen.', {
      remedy: 'Choose one above.',
    });
    this.#fail(error);
    this.#emit();
    throw error;
  }

  #write(): void {
    const abort = new AbortController();
    this.#activity = 'reading';
    this.#problem = undefined;
    this.#writing = { abort, done: this.#writeAtLeaf(abort.signal) };
    this.#changed();
  }

  async #writeAtLeaf(signal: AbortSignal): Promise<void> {
    const { conversation } = this.#kept;
    const leaf = conversation.leaf();
    let { id } = leaf.role === 'assistant' ? leaf : conversation.add(leaf.id, 'assistant');
    let ending: Ending = 'failed';
    try {
      await this.#learnForm();
      for await (const event of this.#events(signal)) {
        if (event.kind === 'start')
          conversation.measure(
            id,
            Math.max(0, event.promptTokens - conversation.get(id).tokens.length),
          );
        else if (event.kind === 'token') this.#token(id, event);
        else if (event.kind === 'call') this.#call(id, event);
        else if (event.kind === 'result') ({ id } = this.#result(id, event));
        else ending = endingOf(event.finishReason);
      }
    } catch (thrown) {
      if (signal.aborted) ending = 'stopped';
      else this.#fail(thrown);
    }
    conversation.end(id, ending);
    this.#activity = 'idle';
    this.#writing = undefined;
    this.#changed();
  }

  #events(signal: AbortSignal): AsyncIterable<GenerateEvent | ConverseEvent> {
    const { folder = '', context = Infinity } = this.#model ?? {};
    const wish = {
      ...this.#sampling,
      // An answer leaves room for another question.
      maxTokens: Math.min(this.#sampling.maxTokens, Math.max(1, Math.floor(context / 2))),
      model: folder,
      topLogprobs: ALTERNATIVES,
    };
    // Of a text that goes on, a model reads what it can; a conversation without its beginning is none.
    if (this.#kept.mode === 'text')
      return this.#parts.generate({ ...wish, ...textAskedOf(this.#kept), sliding: true }, signal);
    const tools = this.#callForm ? this.#tools.wishes(this.#kept.allowed ?? []) : [];
    return this.#parts.converse({ ...wish, ...askedOf(this.#kept), tools }, signal);
  }

  #call(passage: number, { tool, input, arguments: given }: CallEvent): void {
    this.#conversation.call(passage, { tool, input, arguments: given });
    this.#activity = 'calling';
    this.#changed();
  }

  /** The passage in which the answer goes on. */
  #result(passage: number, event: ResultEvent): Passage {
    const conversation = this.#conversation;
    const { outcome, milliseconds, output, forced } = event;
    const { tokensBefore, tokens } = conversation.get(passage);
    const result = conversation.answerCall(passage, output, {
      ...{ outcome, milliseconds, tokens: forced.length },
    });
    const next = conversation.add(result.id, 'assistant');
    if (tokensBefore !== undefined)
      conversation.measure(next.id, tokensBefore + tokens.length + forced.length);
    this.#activity = 'reading';
    this.#changed();
    return next;
  }

  #token(passage: number, written: Token): void {
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
    this.#conversation.append(passage, token);
    const first = this.#activity === 'reading';
    this.#activity = 'writing';
    if (first) this.#emit();
    else {
      this.#unsent ??= { passage, tokens: [] };
      this.#unsent.tokens.push(token);
      this.#updating ??= setTimeout(() => this.#emitTokens(), UPDATE);
    }
    this.#saveSoon();
  }

  #fail(thrown: unknown): void {
    const known = thrown instanceof GlassboxError ? thrown.remedy : undefined;
    const isFull = hasCode(thrown, 'prompt-too-long');
    const remedy = isFull ? 'Begin a new conversation, or edit what was said.' : known;
    this.#problem = { message: messageOf(thrown), ...(remedy !== undefined && { remedy }) };
  }

  // --- Telling and keeping --------------------------------------------------------------------

  #begin(kept: KeptConversation, id: string = randomUUID()): void {
    this.#id = id;
    this.#kept = kept;
    this.#problem = undefined;
    this.#remember(CURRENT, id);
  }

  async #leave(): Promise<void> {
    await this.stop();
    if (this.#saving) await this.#save();
  }

  #changed(): void {
    this.#emit();
    this.#saveSoon();
  }

  #emit(): void {
    clearTimeout(this.#updating);
    this.#updating = undefined;
    this.#unsent = undefined;
    const state = this.state();
    for (const listener of this.#listeners) listener(state);
  }

  #emitTokens(): void {
    const unsent = this.#unsent;
    this.#updating = undefined;
    this.#unsent = undefined;
    if (!unsent) return;
    const { passage } = unsent;
    const tokens = unsent.tokens.map(shownToken);
    const used = contextUsed(this.#conversation) ?? 0;
    for (const listener of this.#listeners)
      listener({ kind: 'tokens', passage, tokens, contextUsed: used });
  }

  #remember(key: string, value: unknown): void {
    void Promise.resolve(this.#parts.memory.update(key, value)).catch((error: unknown) =>
      this.#parts.onLost(error),
    );
  }

  #saveSoon(): void {
    if (!this.#disposed) this.#saving ??= setTimeout(() => void this.#save(), SAVE);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (this.#conversation.isEmpty) return;
    try {
      await this.#parts.store.write(this.#id, this.title, this.#kept);
      if (this.#parts.memory.get(CURRENT) !== this.#id) this.#remember(CURRENT, this.#id);
    } catch (thrown) {
      this.#parts.onLost(thrown);
    }
  }
}

/** Four decimals say all that is shown. */
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const endingOf = (reason: string): Ending => ENDINGS.find((each) => each === reason) ?? 'end';
