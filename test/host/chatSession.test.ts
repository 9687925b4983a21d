import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GlassboxError, throwIfAborted } from '../../src/base/errors';
import { ChatSession } from '../../src/host/chat/chatSession';
import type { SessionParts } from '../../src/host/chat/chatSession';
import { ConversationStore } from '../../src/host/chat/conversationStore';
import type { ModelSummary } from '../../src/protocol/catalogMessages';
import { chatEventSchema } from '../../src/protocol/chatSurface';
import type { ChatEvent, ChatState } from '../../src/protocol/chatSurface';

const model = (name: string, chat: boolean): ModelSummary => ({
  folder: `/models/${name}`,
  name,
  architecture: 'LlamaForCausalLM',
  parameters: 1000,
  context: 64,
  vocab: 10,
  bytes: 4000,
  chat,
});
const talker = model('talker', true);
const writer = model('writer', false);

type Request = Parameters<SessionParts['generate']>[0];

/** An engine that writes the words it is given, and keeps what it was asked. */
class Engine {
  readonly asked: Request[] = [];
  words: readonly string[] = ['red', ' or', ' blue'];
  error: GlassboxError | undefined;
  /** Called before each word. */
  between: () => Promise<void> = () => Promise.resolve();

  async *generate(request: Request, signal: AbortSignal): ReturnType<SessionParts['generate']> {
    this.asked.push(request);
    if (this.error) throw this.error;
    yield { kind: 'start', promptTokens: 5 + (request.continued?.length ?? 0), context: 64 };
    for (const [at, text] of this.words.entries()) {
      await this.between();
      throwIfAborted(signal);
      const id = 10 * (at + 1);
      const top = [0, 1, 2].map((more) => ({
        id: id + more,
        text: `${text}${more || ''}`,
        logprob: -1,
      }));
      yield { kind: 'token', id, text, logprob: -0.123456, rank: 0, entropy: 1, top };
    }
    yield { kind: 'done', text: this.words.join(''), finishReason: 'end' };
  }
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function setUp(
  memory = new Map<string, unknown>(),
  folder = newFolder(),
  parts: Partial<SessionParts> = {},
) {
  const engine = new Engine();
  const lost: unknown[] = [];
  const kept = {
    get: (key: string) => memory.get(key),
    update: (key: string, value: unknown) => {
      memory.set(key, value);
      return Promise.resolve();
    },
  };
  const session = new ChatSession({
    generate: (request, signal) => engine.generate(request, signal),
    models: () => [talker, writer],
    findModel: (at) => Promise.resolve([talker, writer].find((each) => each.folder === at)),
    sampling: () => ({
      maxTokens: 16,
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
    }),
    store: new ConversationStore(folder, kept),
    memory: kept,
    onLost: (error) => lost.push(error),
    ...parts,
  });
  return { session, engine, memory, folder, lost };
}

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-chat-'));
  folders.push(folder);
  return folder;
}

/** Fulfilled with the state once nothing is written any more. */
function idle(session: ChatSession): Promise<ChatState> {
  return new Promise((resolve) => {
    const unwatch = session.watch((event) => {
      if (event.kind !== 'state' || event.activity !== 'idle') return;
      queueMicrotask(() => unwatch());
      resolve(event);
    });
  });
}

const said = ({ path: shown }: ChatState): string[] =>
  shown.map(
    ({ role, text, tokens }) => `${role}: ${text}${tokens.map((each) => each.text).join('')}`,
  );

describe('the chat', () => {
  it('opens with an engine that does not start, says so, and goes on when it does', async () => {
    const error = new GlassboxError('engine-start', 'No Node.', { remedy: 'Name one.' });
    const models: ModelSummary[] = [];
    const { session } = setUp(new Map([['glassbox.chat.model', talker.folder]]), newFolder(), {
      models: () => models,
      findModel: () => Promise.reject(error),
    });
    await session.restore();
    expect(session.state().problem).toEqual({ message: 'No Node.', remedy: 'Name one.' });
    models.push(talker);
    await session.modelsChanged();
    expect(session.state()).toMatchObject({ model: { name: 'talker' }, problem: undefined });
  });

  it('answers, counts its context and shows what the page can read', async () => {
    const { session, engine } = setUp();
    const events: ChatEvent[] = [];
    await session.restore();
    session.watch((event) => events.push(chatEventSchema.parse(event)));
    await session.send('Which?');
    const state = await idle(session);
    expect(said(state)).toEqual(['user: Which?', 'assistant: red or blue']);
    expect(state).toMatchObject({ mode: 'chat', contextUsed: 8, model: { name: 'talker' } });
    expect(engine.asked[0]).toMatchObject({
      model: '/models/talker',
      prompt: { messages: [{ role: 'user', content: 'Which?' }] },
      continued: [],
    });
    expect(events.map(({ kind }) => kind)).toContain('state');
  });

  it('edits a turn, writes again, and walks back', async () => {
    const { session, engine } = setUp();
    await session.restore();
    session.setInstructions('Be brief.');
    await session.send('Which?');
    const first = await idle(session);
    await session.edit(first.path[0]!.id, 'What?');
    expect(said(await idle(session))).toEqual(['user: What?', 'assistant: red or blue']);
    expect(engine.asked[1]?.prompt).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What?' },
      ],
    });
    session.choose(first.path[0]!.id);
    expect(said(session.state())[0]).toBe('user: Which?');
    engine.words = ['green'];
    await session.regenerate(first.path[1]!.id);
    const again = await idle(session);
    expect(said(again)).toEqual(['user: Which?', 'assistant: green']);
    expect(again.path[1]!.versions).toHaveLength(2);
  });

  it('goes on from another token', async () => {
    const { session, engine } = setUp();
    await session.restore();
    await session.send('Which?');
    const { path: shown } = await idle(session);
    expect(session.explain(shown[1]!.id, 1)).toMatchObject({ id: 20, logprob: -0.1235, rank: 0 });
    engine.words = [' green'];
    await session.branch(shown[1]!.id, 1, 21);
    const state = await idle(session);
    expect(said(state)).toEqual(['user: Which?', 'assistant: red', 'assistant:  or1 green']);
    expect(engine.asked[1]?.continued).toEqual([10, 21]);
    expect(session.textOf(state.path[2]!.id)).toBe('red or1 green');
    expect(session.messages().at(-1)).toEqual({ role: 'assistant', content: 'red or1 green' });
  });

  it('stops, keeps what was written, and goes on', async () => {
    const { session, engine } = setUp();
    await session.restore();
    let stopped: Promise<void> | undefined;
    engine.between = () => {
      if (session.state().path.at(-1)?.tokens.length === 1) stopped ??= session.stop();
      return Promise.resolve();
    };
    await session.send('Which?');
    const state = await idle(session);
    await stopped;
    expect(said(state)).toEqual(['user: Which?', 'assistant: red']);
    expect(state.path[1]!.ending).toBe('stopped');
    engine.between = () => Promise.resolve();
    engine.words = [' wine'];
    await session.goOn();
    expect(said(await idle(session))[1]).toBe('assistant: red wine');
    expect(engine.asked[1]?.continued).toEqual([10]);
  });

  it('shows what went wrong, loses nothing, and tries again', async () => {
    const { session, engine } = setUp();
    await session.restore();
    engine.error = new GlassboxError('engine-ended', 'The engine ended.', { remedy: 'Try again.' });
    await session.send('Which?');
    const failed = await idle(session);
    expect(failed.problem).toEqual({ message: 'The engine ended.', remedy: 'Try again.' });
    expect(said(failed)[0]).toBe('user: Which?');
    engine.error = undefined;
    await session.goOn();
    const state = await idle(session);
    expect(state.problem).toBeUndefined();
    expect(said(state)).toEqual(['user: Which?', 'assistant: red or blue']);
  });

  it('continues a text with a model that was never taught to chat', async () => {
    const { session, engine } = setUp();
    await session.useModel(writer);
    await session.send('Once');
    await idle(session);
    await session.send('');
    await idle(session);
    await session.send(' Then');
    const state = await idle(session);
    expect(state.mode).toBe('text');
    expect(engine.asked.map(({ prompt }) => prompt)).toEqual([
      'Once',
      'Once',
      'Oncered or bluered or blue Then',
    ]);
    expect(engine.asked[1]?.continued).toEqual([10, 20, 30]);
    expect(session.messages()).toHaveLength(1);
  });

  it('leaves a conversation where it is when the other kind of model is chosen', async () => {
    const { session } = setUp();
    await session.restore();
    await session.send('Which?');
    await idle(session);
    await session.useModel(writer);
    expect(session.state()).toMatchObject({ mode: 'text', path: [] });
    const [before] = session.conversations();
    await session.open(before!.id);
    expect(session.state()).toMatchObject({ mode: 'chat', model: { name: 'talker' } });
    await session.forget(before!.id);
    expect(session.conversations()).toEqual([]);
  });

  it('is there again after the window closed, with its settings', async () => {
    const { session, memory, folder } = setUp();
    await session.restore();
    session.setSampling({ ...session.state().sampling, temperature: 0 });
    await session.newConversation();
    await session.send('Which?');
    await idle(session);
    await session.keepDraft('And');
    const before = session.state();
    expect(before.draft).toBe('And');
    session.dispose();
    const { session: again, lost } = setUp(memory, folder);
    await again.restore();
    expect(again.state()).toEqual(before);
    expect(lost).toEqual([]);
  });

  it('answers a transcript whose last word is a person’s', async () => {
    const { session, engine } = setUp();
    const messages = [
      { role: 'system' as const, content: 'Be kind.' },
      { role: 'user' as const, content: 'Hi' },
    ];
    await session.continueFrom(messages, 'as a text', talker);
    expect(said(await idle(session))).toEqual(['user: Hi', 'assistant: red or blue']);
    expect(engine.asked[0]?.prompt).toEqual({ messages });
    await session.continueFrom(messages, 'as a text', writer);
    expect(said(session.state())).toEqual(['user: as a text']);
  });
});
