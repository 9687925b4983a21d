/**
 * The chat: which conversation is shown, and with which model. What a person does in it is `talk`. An
 * error becomes a problem that is shown. Not covered: how it looks (`webview/chat`), and VS Code.
 */
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ConversationMessage } from '../../protocol/chatMessages';
import { samplingSchema } from '../../protocol/chatSurface';
import type { ChatEvent, ChatState, Sampling } from '../../protocol/chatSurface';
import { ChosenModel, modeOf } from './chosenModel';
import { Conversation } from './conversation';
import type { KeptConversation } from './conversationFile';
import type { ConversationEntry } from './conversationStore';
import { CURRENT, Keeping } from './keeping';
import { conversationOf, messagesOf } from './prompt';
import type { SessionParts } from './sessionParts';
import { contextUsed, shownPassage, titleOf } from './shown';
import { Talk } from './talk';
import { Telling } from './telling';

const MODEL = 'glassbox.chat.model';
const SAMPLING = 'glassbox.chat.sampling';

export class ChatSession {
  readonly talk: Talk;
  readonly #parts: SessionParts;
  readonly #kept: Keeping;
  readonly #telling: Telling;
  readonly #model: ChosenModel;
  #ownSampling: Sampling | undefined;
  #draft = '';

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#ownSampling = samplingSchema.safeParse(parts.memory.get(SAMPLING)).data;
    const kept = new Keeping(parts);
    const telling = new Telling(
      () => this.state(),
      () => contextUsed(kept.conversation),
    );
    const model = new ChosenModel(
      (folder) => parts.chatForm(folder),
      () => telling.tell(),
    );
    this.#kept = kept;
    this.#telling = telling;
    this.#model = model;
    this.talk = new Talk({
      generate: (request, signal) => parts.generate(request, signal),
      converse: (request, signal) => parts.converse(request, signal),
      ...{ memory: parts.memory, kept, telling, model },
      sampling: () => this.#sampling,
    });
  }

  /** Shows the conversation that was shown last, with its model; what fails is a problem that is shown. */
  async restore(): Promise<void> {
    try {
      await this.#restore();
    } catch (thrown) {
      this.talk.fail(thrown);
      this.#telling.tell();
    }
  }

  async #restore(): Promise<void> {
    this.#draft = await this.#parts.store.readDraft();
    const id = this.#parts.memory.get(CURRENT);
    if (typeof id === 'string') await this.open(id);
    if (this.#model.current) return;
    const folder = this.#parts.memory.get(MODEL);
    const model = typeof folder === 'string' ? await this.#parts.findModel(folder) : undefined;
    const first = model ?? this.#parts.models()[0];
    if (first && this.#kept.conversation.isEmpty) await this.useModel(first);
  }

  /** Calls `listener` with the state now and whatever happens from now on. */
  watch(listener: (event: ChatEvent) => void): () => void {
    return this.#telling.watch(listener);
  }

  state(): ChatState {
    const { conversation, mode } = this.#kept.now;
    const model = this.#model.current;
    return {
      kind: 'state',
      conversation: this.#kept.id,
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
      tools: this.talk.tools,
      activity: this.talk.activity,
      contextUsed: contextUsed(conversation),
      problem: this.talk.problem,
    };
  }

  /** What a person is typing is there again after the window closed. */
  async keepDraft(text: string): Promise<void> {
    this.#draft = text;
    await this.#parts.store.writeDraft(text);
  }

  /** Undefined: as the settings have it. */
  setSampling(sampling: Sampling | undefined): void {
    this.#ownSampling = sampling;
    this.#kept.remember(SAMPLING, sampling);
    this.#telling.tell();
  }

  /** A conversation of another kind than the model's is left where it is; a new one begins. */
  async useModel(model: ModelSummary): Promise<void> {
    await this.#leave();
    const mode = modeOf(model);
    if (mode === this.#kept.now.mode || this.#kept.conversation.isEmpty)
      this.#kept.change({ mode, model: model.folder });
    else this.#begin({ mode, model: model.folder, conversation: new Conversation() });
    this.#model.current = model;
    this.talk.forgetProblem();
    this.#kept.remember(MODEL, model.folder);
    this.#telling.tell();
    this.#kept.saveSoon();
    await this.#model.learnForm();
  }

  /** The list of models has changed. */
  async modelsChanged(): Promise<void> {
    const models = this.#parts.models();
    const chosen = this.#model.current?.folder;
    const model = models.find(({ folder }) => folder === chosen);
    if (model) this.#model.current = model;
    else if (!chosen && models[0] && this.#kept.conversation.isEmpty)
      await this.useModel(models[0]);
    this.#telling.tell();
  }

  async newConversation(): Promise<void> {
    await this.#leave();
    const { mode, current } = this.#model;
    this.#begin({ mode, model: current?.folder, conversation: new Conversation() });
    this.#telling.tell();
  }

  /** Shows a conversation that was kept; one that can't be read is a problem that is shown. */
  async open(id: string): Promise<void> {
    if (id === this.#kept.id) return;
    await this.#leave();
    try {
      const kept = await this.#parts.store.read(id);
      if (!kept) return;
      this.#begin(kept, id);
      const model = kept.model === undefined ? undefined : await this.#parts.findModel(kept.model);
      const { mode, current } = this.#model;
      this.#model.current = model ?? (mode === kept.mode ? current : undefined);
      await this.#model.learnForm();
    } catch (thrown) {
      this.talk.fail(thrown);
    }
    this.#telling.tell();
  }

  async forget(id: string): Promise<void> {
    if (id === this.#kept.id) {
      await this.talk.stop();
      this.#begin({ ...this.#kept.now, conversation: new Conversation() });
      this.#telling.tell();
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
    if (mode === 'chat' && (role === 'user' || role === 'tool')) this.talk.answer();
  }

  /** Those that were kept, newest first. */
  conversations(): readonly ConversationEntry[] {
    return this.#parts.store.list();
  }

  /** What is shown, as messages; of a text all of it as one. */
  messages(): readonly ConversationMessage[] {
    return messagesOf(this.#kept.now);
  }

  get title(): string {
    return titleOf(this.#kept.conversation);
  }

  get modelName(): string | undefined {
    return this.#model.current?.name;
  }

  /** Keeps at once what is not yet on the disk. */
  dispose(): void {
    void this.talk.stop();
    this.#telling.dispose();
    this.#kept.dispose();
  }

  get #sampling(): Sampling {
    return this.#ownSampling ?? this.#parts.sampling();
  }

  #begin(kept: KeptConversation, id?: string): void {
    this.#kept.begin(kept, id);
    this.talk.forgetProblem();
  }

  async #leave(): Promise<void> {
    await this.talk.stop();
    await this.#kept.settle();
  }
}
