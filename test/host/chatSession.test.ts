import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GlassboxError, throwIfAborted } from '../../src/base/errors';
import { ChatSession } from '../../src/host/chat/chatSession';
import { ConversationStore } from '../../src/host/chat/conversationStore';
import type { SessionParts } from '../../src/host/chat/sessionParts';
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

type TextRequest = Parameters<SessionParts['generate']>[0];
type Request = Parameters<SessionParts['converse']>[0];

/** An engine that writes the words it is given, and keeps what it was asked. */
class Engine {
  readonly asked: Request[] = [];
  readonly texts: TextRequest[] = [];
  /** Answered before the words, unless consent is asked for. */
  call: { tool: string; input: string; output: string } | undefined;
  words: readonly string[] = ['red', ' or', ' blue'];
  error: GlassboxError | undefined;
  /** Called before each word. */
  between: () => Promise<void> = () => Promise.resolve();

  async *generate(request: TextRequest, signal: AbortSignal): ReturnType<SessionParts['generate']> {
    this.texts.push(request);
    yield* this.#write(request, signal);
    yield { kind: 'done', text: this.words.join(''), finishReason: 'end' };
  }

  async *converse(request: Request, signal: AbortSignal): ReturnType<SessionParts['converse']> {
    this.asked.push(request);
    const given = request.messages.at(-1)?.toolCalls;
    if (this.call && request.messages.at(-1)?.role !== 'tool') {
      const { tool, input, output } = this.call;
      if (!given) yield* this.#tokens(['<call>', input, '</call>'], 500, 'call', signal);
      yield { kind: 'call', call: 0, tool, input, arguments: input };
      if (!given && request.tools?.find(({ name }) => name === tool)?.ask !== false) {
        yield { kind: 'done', text: '', finishReason: 'call', messages: [] };
        return;
      }
      await this.between();
      throwIfAborted(signal);
      const result = { kind: 'result', call: 0, outcome: 'answered', output } as const;
      yield { ...result, milliseconds: 3, forced: [7, 8] };
    }
    yield* this.#write(request, signal);
    yield { kind: 'done', text: this.words.join(''), finishReason: 'end', messages: [] };
  }

  async *#write(request: { readonly continued?: number[] | undefined }, signal: AbortSignal) {
    if (this.error) throw this.error;
    yield {
      kind: 'start',
      promptTokens: 5 + (request.continued?.length ?? 0),
      context: 64,
    } as const;
    yield* this.#tokens(this.words, 0, undefined, signal);
  }

  async *#tokens(
    words: readonly string[],
    first: number,
    within: 'call' | undefined,
    signal: AbortSignal,
  ) {
    for (const [at, text] of words.entries()) {
      await this.between();
      throwIfAborted(signal);
      const id = first + 10 * (at + 1);
      const top = [0, 1, 2].map((more) => ({
        id: id + more,
        text: `${text}${more || ''}`,
        logprob: -1,
      }));
      const token = { kind: 'token', id, text, logprob: -0.123456, rank: 0, entropy: 1 } as const;
      yield { ...token, top, ...(within && { within }) };
    }
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
    converse: (request, signal) => engine.converse(request, signal),
    chatForm: () => Promise.resolve(engine.call ? { call: { opens: 510, closes: 530 } } : {}),
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
    await session.talk.send('Which?');
    const state = await idle(session);
    expect(said(state)).toEqual(['user: Which?', 'assistant: red or blue']);
    expect(state).toMatchObject({ mode: 'chat', contextUsed: 8, model: { name: 'talker' } });
    expect(engine.asked[0]).toMatchObject({
      model: '/models/talker',
      messages: [{ role: 'user', content: 'Which?' }],
      continued: [],
      tools: [],
    });
    expect(events.map(({ kind }) => kind)).toContain('state');
  });

  it('edits a turn, writes again, and walks back', async () => {
    const { session, engine } = setUp();
    await session.restore();
    session.talk.setInstructions('Be brief.');
    await session.talk.send('Which?');
    const first = await idle(session);
    await session.talk.edit(first.path[0]!.id, 'What?');
    expect(said(await idle(session))).toEqual(['user: What?', 'assistant: red or blue']);
    expect(engine.asked[1]?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What?' },
    ]);
    session.talk.choose(first.path[0]!.id);
    expect(said(session.state())[0]).toBe('user: Which?');
    engine.words = ['green'];
    await session.talk.regenerate(first.path[1]!.id);
    const again = await idle(session);
    expect(said(again)).toEqual(['user: Which?', 'assistant: green']);
    expect(again.path[1]!.versions).toHaveLength(2);
  });

  it('goes on from another token', async () => {
    const { session, engine } = setUp();
    await session.restore();
    await session.talk.send('Which?');
    const { path: shown } = await idle(session);
    expect(session.talk.explain(shown[1]!.id, 1)).toMatchObject({
      id: 20,
      logprob: -0.1235,
      rank: 0,
    });
    engine.words = [' green'];
    await session.talk.branch(shown[1]!.id, 1, 21);
    const state = await idle(session);
    expect(said(state)).toEqual(['user: Which?', 'assistant: red', 'assistant:  or1 green']);
    expect(engine.asked[1]?.continued).toEqual([10, 21]);
    expect(session.talk.textOf(state.path[2]!.id)).toBe('red or1 green');
    expect(session.messages().at(-1)).toEqual({ role: 'assistant', content: 'red or1 green' });
  });

  it('stops, keeps what was written, and goes on', async () => {
    const { session, engine } = setUp();
    await session.restore();
    let stopped: Promise<void> | undefined;
    engine.between = () => {
      if (session.state().path.at(-1)?.tokens.length === 1) stopped ??= session.talk.stop();
      return Promise.resolve();
    };
    await session.talk.send('Which?');
    const state = await idle(session);
    await stopped;
    expect(said(state)).toEqual(['user: Which?', 'assistant: red']);
    expect(state.path[1]!.ending).toBe('stopped');
    engine.between = () => Promise.resolve();
    engine.words = [' wine'];
    await session.talk.goOn();
    expect(said(await idle(session))[1]).toBe('assistant: red wine');
    expect(engine.asked[1]?.continued).toEqual([10]);
  });

  it('shows what went wrong, loses nothing, and tries again', async () => {
    const { session, engine } = setUp();
    await session.restore();
    engine.error = new GlassboxError('engine-ended', 'The engine ended.', { remedy: 'Try again.' });
    await session.talk.send('Which?');
    const failed = await idle(session);
    expect(failed.problem).toEqual({ message: 'The engine ended.', remedy: 'Try again.' });
    expect(said(failed)[0]).toBe('user: Which?');
    engine.error = undefined;
    await session.talk.goOn();
    const state = await idle(session);
    expect(state.problem).toBeUndefined();
    expect(said(state)).toEqual(['user: Which?', 'assistant: red or blue']);
  });

  it('continues a text with a model that was never taught to chat', async () => {
    const { session, engine } = setUp();
    await session.useModel(writer);
    await session.talk.send('Once');
    await idle(session);
    await session.talk.send('');
    await idle(session);
    await session.talk.send(' Then');
    const state = await idle(session);
    expect(state.mode).toBe('text');
    expect(engine.texts.map(({ prompt }) => prompt)).toEqual([
      'Once',
      'Once',
      'Oncered or bluered or blue Then',
    ]);
    expect(engine.texts[1]?.continued).toEqual([10, 20, 30]);
    expect(session.messages()).toHaveLength(1);
  });

  it('leaves a conversation where it is when the other kind of model is chosen', async () => {
    const { session } = setUp();
    await session.restore();
    await session.talk.send('Which?');
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
    await session.talk.send('Which?');
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
    expect(engine.asked[0]?.messages).toEqual(messages);
    await session.continueFrom(messages, 'as a text', writer);
    expect(said(session.state())).toEqual(['user: as a text']);
  });
});

describe('tools in the chat', () => {
  const call = { tool: 'calculator', input: '2 + 3', output: '5' };
  const asked = { role: 'user', content: 'Sum?' };
  const called = {
    ...{ role: 'assistant', content: '' },
    toolCalls: [{ name: 'calculator', arguments: '2 + 3' }],
  };

  async function waiting(...given: Parameters<typeof setUp>) {
    const there = setUp(...given);
    there.engine.call = call;
    await there.session.restore();
    await there.session.talk.send('Sum?');
    const state = await idle(there.session);
    return { ...there, state };
  }

  const asking = (session: ChatSession): number => session.state().path.at(-1)!.id;

  it('are offered to a model that was taught to call them, and asked for', async () => {
    const { session, engine, state } = await waiting();
    expect(engine.asked[0]?.tools).toEqual([
      { name: 'calculator', ask: true },
      { name: 'javascript', ask: true },
    ]);
    expect(state.tools.map(({ name, chosen }) => [name, chosen])).toEqual([
      ['calculator', true],
      ['search', false],
      ['javascript', true],
    ]);
    const last = state.path.at(-1)!;
    expect(last).toMatchObject({ ending: 'call', call: { tool: 'calculator', input: '2 + 3' } });
    expect(last.tokens.every(({ within }) => within === 'call')).toBe(true);
    expect(session.talk.textOf(last.id)).toBe('');
  });

  it('are not offered to a model without tokens for calls', async () => {
    const { session, engine } = setUp();
    await session.restore();
    await session.talk.send('Sum?');
    expect((await idle(session)).tools).toEqual([]);
    expect(engine.asked[0]?.tools).toEqual([]);
  });

  it('run once they are allowed; the answer goes on behind the result', async () => {
    const { session, engine } = await waiting();
    session.talk.consent(asking(session), 'once');
    const state = await idle(session);
    expect(engine.asked[1]).toMatchObject({ messages: [asked, called], continued: [] });
    expect(state.path.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(state.path[2]).toMatchObject({
      ...{ text: '5', result: { outcome: 'answered', milliseconds: 3 } },
    });
    expect(state.contextUsed).toBe(8);
    expect(session.messages()).toEqual([
      ...[asked, called, { role: 'tool', content: '5' }],
      { role: 'assistant', content: 'red or blue' },
    ]);
    expect(session.talk.textOf(state.path[3]!.id)).toBe('red or blue');
    session.talk.consent(asking(session), 'once');
    expect(engine.asked).toHaveLength(2);
    // Another token behind the result leaves the call as it is.
    await session.talk.branch(state.path[3]!.id, 1, 21);
    await idle(session);
    expect(engine.asked[2]).toMatchObject({
      messages: [asked, called, { role: 'tool', content: '5' }],
      continued: [10, 21],
    });
    // Another answer begins before the call.
    await session.talk.regenerate(state.path[3]!.id);
    const again = await idle(session);
    expect(again.path[1]!.versions).toHaveLength(2);
    expect(again.path.at(-1)!.ending).toBe('call');
  });

  it('run once where a person clicks twice, and no other call runs by that', async () => {
    const { session, engine, state } = await waiting();
    const first = state.path.at(-1)!.id;
    session.talk.consent(first, 'once');
    session.talk.consent(first, 'once');
    await idle(session);
    expect(engine.asked).toHaveLength(2);
    await session.talk.send('Sum?');
    expect((await idle(session)).path.at(-1)!.ending).toBe('call');
    session.talk.consent(first, 'once');
    expect(session.state()).toMatchObject({ activity: 'idle' });
    expect(engine.asked).toHaveLength(3);
  });

  it('are asked for again at once, in the midst of an answer', async () => {
    const { session, engine } = await waiting();
    let again: Promise<void> | undefined;
    engine.between = () => {
      again ??= session.talk.askAgain();
      return Promise.resolve();
    };
    session.talk.consent(asking(session), 'chat');
    const state = await idle(session);
    await again;
    expect(state.path.at(-1)).toMatchObject({ ending: 'stopped', call: { tool: 'calculator' } });
  });

  /** The answer that goes on after `change`, which is made in its midst, before it calls. */
  async function changedMeanwhile(
    change: (session: ChatSession) => void,
    allowed: 'workspace' | undefined,
    more: { call?: typeof call; begin?: (session: ChatSession) => void } = {},
  ) {
    const { session, engine } = setUp();
    engine.call = more.call ?? call;
    await session.restore();
    more.begin?.(session);
    if (allowed) {
      await session.talk.send('Sum?');
      await idle(session);
      session.talk.consent(asking(session), allowed);
      await idle(session);
    }
    let changed = false;
    engine.between = () => {
      if (!changed) change(session);
      changed = true;
      return Promise.resolve();
    };
    const before = engine.asked.length;
    await session.talk.send('Sum?');
    return { session, state: await idle(session), asked: engine.asked.slice(before) };
  }

  it.each(['workspace', undefined] as const)(
    'that are switched off in the midst of an answer are refused, and it goes on (allowed: %s)',
    async (allowed) => {
      const off = (session: ChatSession) => session.talk.useTool('calculator', false);
      const { session, state, asked: requests } = await changedMeanwhile(off, allowed);
      const refused = { role: 'tool', content: 'error: the person has switched this tool off' };
      expect(requests).toHaveLength(2);
      expect(requests[0]?.tools?.map(({ name }) => name)).toContain('calculator');
      expect(requests[1]?.tools?.map(({ name }) => name)).not.toContain('calculator');
      expect(requests[1]?.messages.slice(-3)).toMatchObject([asked, called, refused]);
      expect(state.path.at(-1)).toMatchObject({ role: 'assistant', ending: 'end' });
      expect(state.path.at(-2)).toMatchObject({ role: 'tool', result: { outcome: 'refused' } });
      expect(session.messages().at(-1)).toEqual({ role: 'assistant', content: 'red or blue' });
    },
  );

  it('that look elsewhere since an answer began are asked for', async () => {
    const { state, asked: requests } = await changedMeanwhile(
      (session) => session.talk.searchIn('/letters', 'letters'),
      'workspace',
      {
        call: { tool: 'search', input: 'red', output: 'apple' },
        begin: (session) => session.talk.searchIn('/notes', 'notes'),
      },
    );
    expect(requests[0]?.tools).toContainEqual({ name: 'search', folder: '/notes', ask: false });
    expect(requests).toHaveLength(1);
    expect(state.path.at(-1)).toMatchObject({ ending: 'call', call: { tool: 'search' } });
  });

  it('that are switched off while they are asked for do not run', async () => {
    const { session, engine } = await waiting();
    session.talk.useTool('calculator', false);
    session.talk.consent(asking(session), 'once');
    await idle(session);
    expect(engine.asked[1]?.tools).toEqual([{ name: 'javascript', ask: true }]);
  });

  it('are not asked for again in a conversation, or a workspace, where they are allowed', async () => {
    const { session, engine, memory, folder } = await waiting();
    session.talk.consent(asking(session), 'chat');
    expect((await idle(session)).tools[0]).toMatchObject({ allowed: 'chat' });
    await session.talk.send('Sum?');
    expect((await idle(session)).path.at(-1)!.ending).toBe('end');
    await session.newConversation();
    await session.talk.send('Sum?');
    expect((await idle(session)).path.at(-1)!.ending).toBe('call');
    session.talk.consent(asking(session), 'workspace');
    await idle(session);
    session.dispose();
    const later = await waiting(memory, folder);
    expect(later.state.path.at(-1)!.ending).toBe('end');
    expect(later.state.tools[0]).toMatchObject({ allowed: 'workspace' });
    expect(engine.asked.length).toBeGreaterThan(0);
    await later.session.talk.askAgain();
    expect(later.session.state().tools[0]).toEqual({ name: 'calculator', chosen: true });
  });

  it('that are refused give the model words, and so does going on without an answer', async () => {
    const { session, engine } = await waiting();
    session.talk.consent(asking(session), 'no');
    const state = await idle(session);
    const refused = { role: 'tool', content: 'error: the person does not allow this call' };
    expect(engine.asked[1]).toMatchObject({ messages: [asked, called, refused] });
    expect(state.path[2]!.result).toMatchObject({ outcome: 'refused' });
    await session.newConversation();
    await session.talk.send('Sum?');
    await idle(session);
    await session.talk.send('Well?');
    await idle(session);
    expect(engine.asked.at(-1)?.messages).toMatchObject([
      ...[asked, called, refused, { role: 'user', content: 'Well?' }],
    ]);
  });

  it('that hang are stopped, and asked for again', async () => {
    const { session, engine } = await waiting();
    let stopped: Promise<void> | undefined;
    engine.between = () => {
      stopped = session.talk.stop();
      return Promise.resolve();
    };
    session.talk.consent(asking(session), 'once');
    const state = await idle(session);
    await stopped;
    expect(state.path.at(-1)).toMatchObject({ role: 'assistant', ending: 'stopped' });
    engine.between = () => Promise.resolve();
    await session.talk.goOn();
    expect(session.state().path.at(-1)).toMatchObject({ ending: 'call' });
    expect(engine.asked).toHaveLength(2);
  });

  it('look where a person says; what was allowed in one place is asked for in another', async () => {
    const { session, engine } = await waiting();
    engine.call = { tool: 'search', input: 'red', output: 'apple' };
    session.talk.searchIn('/notes', 'notes');
    await session.newConversation();
    await session.talk.send('Where?');
    await idle(session);
    session.talk.consent(asking(session), 'workspace');
    await idle(session);
    const search = { name: 'search', folder: '/notes', ask: false };
    expect(engine.asked.at(-1)?.tools).toContainEqual(search);
    session.talk.searchIn('/letters', 'letters');
    await session.talk.send('And?');
    expect((await idle(session)).path.at(-1)!.ending).toBe('call');
    session.talk.useTool('search', false);
    expect(session.state().tools[1]).toMatchObject({ chosen: false, place: 'letters' });
  });

  it('are there again after the window closed', async () => {
    const { session, memory, folder } = await waiting();
    await session.newConversation();
    await session.talk.send('Sum?');
    await idle(session);
    session.talk.consent(asking(session), 'once');
    const before = await idle(session);
    session.dispose();
    const there = setUp(memory, folder);
    there.engine.call = call;
    await there.session.restore();
    expect(there.session.state()).toEqual(before);
    await there.session.continueFrom(session.messages(), '', talker);
    expect(there.session.messages()).toEqual(session.messages());
  });
});
