/** A desk without VS Code: what it shows, keeps, and tells; and two of them on one file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Desk } from '../../src/host/labels/desk';
import { REFUSED } from '../../src/host/chat/toolChoice';
import {
  draftAnswer,
  promptsIn,
  promptsRequest,
  writeAnswer,
} from '../../src/host/labels/drafting';
import { DraftTools } from '../../src/host/labels/draftTools';
import { readPrompts } from '../../src/host/labels/readPrompts';
import { LabelFile } from '../../src/labels/labelFile';
import { lineOf, readLines } from '../../src/labels/record';
import type { LabelRecord, Turn } from '../../src/labels/record';
import type { NewTask } from '../../src/labels/tasks';
import { taskFromConversation } from '../../src/labels/tasks';
import type { ConverseEvent, ConverseRequest } from '../../src/protocol/chatMessages';
import type { Consent } from '../../src/protocol/chatSurface';
import type { DeskEvent, DraftEvent, Work } from '../../src/protocol/labelSurface';
import { labelSurface } from '../../src/protocol/labelSurface';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-desk-'));
  folders.push(folder);
  return folder;
}

/** A window with a desk on the labels of a folder. */
function openAt(folder: string, by?: string, given?: LabelFile) {
  const window = { labeller: by };
  const file = path.join(folder, 'a.labels.jsonl');
  const unread: unknown[] = [];
  const desk = new Desk({
    file: given ?? new LabelFile(file, path.join(folder, 'drafts')),
    guidelinesFile: path.join(folder, 'guidelines.md'),
    nameOf: (each) => path.basename(each),
    labeller: () => window.labeller,
    model: () => undefined,
    hasModels: () => false,
    onUnread: (error) => unread.push(error),
  });
  const lines = () => readLines(readFileSync(file, 'utf8')).records;
  return { desk, window, lines, unread };
}

const sampling = {
  maxTokens: 100,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

const question = (content: string): NewTask => ({
  mode: 'answer',
  turns: [{ role: 'user', content }],
});

const work = (content: string, status: Work['status'] = 'draft'): Work => ({
  ...{ status, seconds: 4, cites: [] },
  result: {
    mode: 'answer',
    branches: [
      [
        { role: 'user', content: 'Who?' },
        { role: 'assistant', content },
      ],
    ],
  },
});

const textOf = ({ result }: Work): string | undefined =>
  result.mode === 'answer' ? result.branches[0]?.at(-1)?.content : undefined;

describe('a desk', () => {
  it('keeps and shows every task while a file that was merged is read again', async () => {
    const folder = newFolder();
    const { desk, lines } = openAt(folder, 'anna');
    const tasks = await desk.add(Array.from({ length: 3000 }, (_, at) => question(`Who ${at}?`)));
    const { id } = tasks[2999]!;
    await desk.keep(id, [], work('Begun.'));
    const merged = lines().map((each) => lineOf({ ...each, at: '2026-01-01T00:00:00.000Z' }));
    writeFileSync(path.join(folder, 'a.labels.jsonl'), merged.join(''));

    const now = { reading: true };
    const read = desk.refresh().finally(() => (now.reading = false));
    const kept: Promise<string[]>[] = [];
    const seen = new Set<unknown>();
    while (now.reading) {
      const view = desk.open(id);
      seen.add(desk.state().queue.length);
      seen.add(textOf(view.work));
      if (seen.size > 1 && kept.length === 0) kept.push(desk.keep(id, view.basis, work('More.')));
      await setImmediate();
    }
    await Promise.all([read, ...kept]);
    expect([...seen].filter((each) => each !== 'More.')).toEqual([3000, 'Begun.']);
    expect(desk.open(id).heads).toHaveLength(1);
    expect(textOf(desk.open(id).work)).toBe('More.');
  });

  it('keeps each label with the version of the guidelines that it was made under', async () => {
    const folder = newFolder();
    const { desk, lines } = openAt(folder, 'anna');
    const guidelines = path.join(folder, 'guidelines.md');
    writeFileSync(guidelines, '# All\n\n## Old');
    await desk.refresh();
    const [task] = await desk.add([question('Who?')]);
    const { id } = task!;
    await desk.keep(id, [], work('Me.', 'done'));
    writeFileSync(guidelines, '# All\n\n## New');
    await desk.refresh();
    const view = desk.open(id);
    expect(view.madeUnder).toBeDefined();
    expect(desk.guidelines(view.madeUnder!)).toMatchObject({ text: '# All\n\n## Old' });
    await desk.keep(id, view.basis, work('Me, again.', 'done'));
    expect(desk.open(id).madeUnder).toBeUndefined();
    expect(lines().map(({ kind }) => kind)).toEqual([
      'task',
      'guidelines',
      'label',
      'guidelines',
      'label',
    ]);
  });

  it('adds a prompt once, and asks who labels before it adds or keeps', async () => {
    const { desk, window } = openAt(newFolder());
    await expect(desk.add([question('Who?')])).rejects.toMatchObject({ code: 'no-labeller' });
    window.labeller = 'anna';
    expect(await desk.add([question('Who?'), question('Who?')])).toHaveLength(1);
    expect(await desk.add([question('Who?')])).toHaveLength(0);
    window.labeller = undefined;
    const [item] = desk.state().queue;
    await expect(desk.keep(item!.task, [], work('x'))).rejects.toMatchObject({
      code: 'no-labeller',
    });
  });

  it('goes on with a draft after its window is gone, and after every keystroke', async () => {
    const folder = newFolder();
    const first = openAt(folder, 'anna');
    const [task] = await first.desk.add([question('Who?')]);
    const { id } = task!;
    const before = await first.desk.keep(id, [], work('done once', 'done'));
    let basis = before;
    for (const text of ['M', 'Me', 'Me.']) basis = await first.desk.keep(id, basis, work(text));

    const second = openAt(folder, 'anna');
    await second.desk.refresh();
    const view = second.desk.open(id);
    expect(textOf(view.work)).toBe('Me.');
    // The new window's own draft stands in for the other's, and neither lets the old label come back.
    await second.desk.keep(id, view.basis, work('Me!'));
    await second.desk.refresh();
    expect(second.desk.open(id).heads).toHaveLength(1);
    expect(textOf(second.desk.open(id).work)).toBe('Me!');
    await second.desk.keep(id, second.desk.open(id).basis, work('Me!', 'done'));
    expect(second.desk.state().queue[0]?.status).toBe('done');
    expect(second.desk.open(id).heads).toHaveLength(1);
  });

  it('shows both versions of a label that two windows change at once; a person decides', async () => {
    const folder = newFolder();
    const [one, other] = [openAt(folder, 'anna'), openAt(folder, 'anna')];
    const [task] = await one.desk.add([question('Who?')]);
    const { id } = task!;
    await other.desk.refresh();
    await Promise.all([
      one.desk.keep(id, [], work('from one', 'done')),
      other.desk.keep(id, [], work('from the other', 'done')),
    ]);
    for (const { desk } of [one, other]) {
      await desk.refresh();
      expect(desk.state().queue[0]?.status).toBe('conflict');
      const texts = desk.open(id).heads.map((each) => textOf(each));
      expect(texts.sort()).toEqual(['from one', 'from the other']);
    }
    const basis = one.desk.open(id).heads.map((each) => each.id);
    await one.desk.keep(id, basis, work('from one', 'done'));
    await other.desk.refresh();
    expect(other.desk.state().queue[0]?.status).toBe('done');
  });

  it('shows what others made of a task only once one has finished it oneself', async () => {
    const { desk, window } = openAt(newFolder(), 'anna');
    const [task] = await desk.add([question('Who?')]);
    const { id } = task!;
    await desk.keep(id, [], work('Anna.', 'done'));
    window.labeller = 'ben';
    expect(desk.open(id)).toMatchObject({ others: [], heads: [] });
    expect(textOf(desk.open(id).work)).toBe('');
    await desk.keep(id, [], work('Ben.', 'done'));
    expect(desk.open(id).others.map(({ by }) => by)).toEqual(['anna']);
  });

  it('tells of one changed item by itself, and of everything when the queue grows', async () => {
    const { desk } = openAt(newFolder(), 'anna');
    await desk.refresh();
    const told: DeskEvent[] = [];
    desk.watch((event) => told.push(labelSurface.watch.event.parse(event)));
    const [task] = await desk.add([question('Who?'), question('What?')]);
    const { id } = task!;
    await desk.keep(id, [], work('M'));
    expect(told.map(({ kind }) => kind)).toEqual(['state', 'state', 'item']);
    expect(told[2]).toMatchObject({ item: { task: id, status: 'draft' } });
  });

  it('keeps what was written when the disk takes nothing', async () => {
    const folder = newFolder();
    const { desk, lines, unread } = openAt(folder, 'anna');
    const [task] = await desk.add([question('Who?')]);
    // A file where the folder of drafts should be.
    writeFileSync(path.join(folder, 'drafts'), '');
    await expect(desk.keep(task!.id, [], work('M'))).rejects.toThrow();
    // The label is on the disk, though the drafts can't be looked at: it is known, and not lost.
    const basis = await desk.keep(task!.id, [], work('M', 'done'));
    expect(unread).toHaveLength(1);
    expect(desk.state().queue[0]).toMatchObject({ status: 'done', heads: basis });
    rmSync(path.join(folder, 'drafts'));
    await desk.keep(task!.id, basis, work('Me', 'done'));
    expect(lines()).not.toHaveLength(0);
    expect(textOf(desk.open(task!.id).work)).toBe('Me');
    expect(desk.open(task!.id).heads).toHaveLength(1);
    expect(readdirSync(folder)).toContain('a.labels.jsonl');
  });

  it('is not at odds with itself over a label that was written though writing it failed', async () => {
    const folder = newFolder();
    class Unsure extends LabelFile {
      fails = true;
      override async append(records: readonly LabelRecord[]): Promise<void> {
        await super.append(records);
        if (this.fails && records.some(({ kind }) => kind === 'label')) throw new Error('EIO');
      }
    }
    const file = new Unsure(path.join(folder, 'a.labels.jsonl'), path.join(folder, 'drafts'));
    const { desk } = openAt(folder, 'anna', file);
    const [task] = await desk.add([question('Who?')]);
    await expect(desk.keep(task!.id, [], work('Me', 'done'))).rejects.toThrow('EIO');
    file.fails = false;
    await desk.keep(task!.id, [], work('Me', 'done'));
    expect(desk.open(task!.id).heads).toHaveLength(1);
    expect(desk.state().queue[0]?.status).toBe('done');
  });
});

/** Asked of by nobody who is given no tools. */
const chatForm = () => Promise.reject(new Error('not asked'));

describe('a draft with tools', () => {
  const asks = { call: { opens: 1, closes: 2 } };
  const caller = {
    ...{ folder: '/caller', name: 'caller', architecture: 'LlamaForCausalLM', parameters: 1 },
    ...{ context: 64, vocab: 9, bytes: 4, chat: true },
  };
  const call = { name: 'calculator', arguments: '2 + 3' };
  const asked: Turn[] = [{ role: 'user', content: 'What is 2 + 3?' }];
  const called: Turn[] = [...asked, { role: 'assistant', content: '', toolCalls: [call] }];

  /** As the engine answers: a tool that has `ask` ends the answer, a call that is given is run. */
  async function* converse(request: ConverseRequest): AsyncGenerator<ConverseEvent> {
    await Promise.resolve();
    const { messages, tools = [] } = request;
    const text = (said: string, within?: 'call'): ConverseEvent => ({
      ...{ kind: 'token', id: 1, text: said, logprob: -1, rank: 0, entropy: 1, top: [] },
      ...(within && { within }),
    });
    const made: ConverseEvent = {
      ...({ kind: 'call', call: 0, tool: call.name } as const),
      ...{ input: call.arguments, arguments: call.arguments },
    };
    const done = (finishReason: string): ConverseEvent => {
      return { kind: 'done', finishReason, text: '', messages: [] };
    };
    const last = messages.at(-1);
    if (last?.role === 'user') yield text('{', 'call');
    if (last?.role !== 'tool') yield made;
    if (last?.role === 'user' && tools.find(({ name }) => name === call.name)?.ask) {
      yield done('call');
      return;
    }
    const result = { outcome: 'answered', milliseconds: 1, forced: [] } as const;
    if (last?.role !== 'tool') yield { kind: 'result', call: 0, output: '5', ...result };
    yield text(last?.role === 'tool' ? `It gave: ${last.content}` : 'It is 5.');
    yield done('end');
  }

  /** A workspace's memory, and a desk in it. */
  function opened() {
    const kept = new Map<string, unknown>();
    const tools = new DraftTools(kept, (key, value) => kept.set(key, value));
    const draft = async (turns: readonly Turn[], consent?: Consent, calls: object = asks) => {
      const methods = {
        converse,
        generate: () => {
          throw new Error('not asked');
        },
        chatForm: () => Promise.resolve(calls),
      };
      const options = { sampling, computing: { backend: 'auto' as const }, tools, consent };
      const events: DraftEvent[] = [];
      const { signal } = new AbortController();
      for await (const event of draftAnswer(methods, turns, caller, options, signal))
        events.push(labelSurface.draft.event.parse(event));
      return events;
    };
    return { draft };
  }
  const result = { kind: 'result', output: '5' };
  const said = { kind: 'text', text: 'It is 5.' };

  it('asks before a tool runs, and goes on behind the call with what a person says', async () => {
    const { draft } = opened();
    const ask = { kind: 'ask', tools: ['calculator'] };
    expect(await draft(asked)).toEqual([{ kind: 'call', call }, ask]);
    expect(await draft(called, 'once')).toEqual([result, said]);
    expect(await draft(called, 'no')).toEqual([
      { kind: 'result', output: REFUSED },
      { kind: 'text', text: `It gave: ${REFUSED}` },
    ]);
    // A call that came with the prompt, or that waits still, is not run unasked.
    expect(await draft(called)).toEqual([ask]);
  });

  it('asks no more at this desk, or in this workspace, once that is allowed', async () => {
    for (const consent of ['chat', 'workspace'] as const) {
      const { draft } = opened();
      await draft(called, consent);
      expect(await draft(asked)).toEqual([{ kind: 'call', call }, result, said]);
      expect(await draft(called)).toEqual([result, said]);
    }
  });

  it('is none where the model was not taught to call: what tools said before is left out', async () => {
    const turns: Turn[] = [...called, { role: 'tool', content: '5' }];
    const seen: unknown[] = [];
    const methods = {
      converse: async function* (request: ConverseRequest): AsyncGenerator<ConverseEvent> {
        seen.push(request.messages, request.tools);
        await Promise.resolve();
        yield { kind: 'done', finishReason: 'end', text: '', messages: [] };
      },
      generate: () => {
        throw new Error('not asked');
      },
      chatForm: () => Promise.resolve({}),
    };
    const tools = new DraftTools(new Map(), () => undefined);
    const options = { sampling, computing: { backend: 'auto' as const }, tools };
    const { signal } = new AbortController();
    for await (const _ of draftAnswer(methods, turns, caller, options, signal)) expect(_).toBe(0);
    expect(seen).toEqual([asked, undefined]);
  });
});

describe('what a model is asked', () => {
  const model = (chat: boolean) => ({
    ...{ folder: '/m', name: 'm', architecture: 'LlamaForCausalLM', parameters: 1, context: 64 },
    ...{ vocab: 9, bytes: 4, chat },
  });
  const turns = [{ role: 'user' as const, content: 'Who?' }];

  it('is a conversation, or a text where it was never taught to chat', async () => {
    const asked: object[] = [];
    const events = async function* (request: object) {
      asked.push(request);
      yield* ['I', '.'].map((text) => ({
        ...({ kind: 'token', id: 1, text, logprob: -1, rank: 0 } as const),
        ...{ entropy: 1, top: [] },
      }));
      await Promise.resolve();
    };
    const write = async (chat: boolean, said = turns): Promise<string> => {
      const methods = { converse: events, generate: events, chatForm };
      const options = { sampling, computing: { backend: 'auto' as const }, seed: 3 };
      let answer = '';
      const signal = new AbortController().signal;
      for await (const text of writeAnswer(methods, said, model(chat), options, signal))
        answer += text;
      return answer;
    };
    expect(await write(true)).toBe('I.');
    expect(await write(false)).toBe('I.');
    expect(asked).toMatchObject([
      { messages: turns, maxTokens: 32, seed: 3 },
      { prompt: 'Question: Who?\nAnswer:', sliding: true },
    ]);
    await expect(write(true, [{ role: 'user', content: ' ' }])).rejects.toThrow(
      'nothing to answer',
    );
  });

  it('for prompts is to go on with a list, of which whole lines count', () => {
    const { prompt } = promptsRequest(['Who?', 'What?'], model(true), sampling, 1);
    expect(prompt).toBe('Question: Who?\nQuestion: What?\nQuestion:');
    expect(promptsIn(' Where?\nAnswer: x\nQuestion: When?\nQuestion: Ho', false)).toEqual([
      'Where?',
      'When?',
    ]);
    expect(promptsIn(' Where?', true)).toEqual(['Where?']);
  });
});

describe('an imported conversation', () => {
  it('is one of as many as a queue is good for, and no more of them are read than that', async () => {
    const read = { told: 0, ended: false };
    const readConversations = async function* ({ paths }: { paths: readonly string[] }) {
      const [file = ''] = paths;
      try {
        for (;;) {
          const messages = [{ role: 'user' as const, content: `Who is ${read.told++}?` }];
          yield { file, line: read.told, problems: [], messages };
        }
      } finally {
        read.ended = true;
        await Promise.resolve();
      }
    };
    const engine = { methods: () => Promise.resolve({ readConversations }) };
    await expect(readPrompts(engine, ['/many.jsonl'])).rejects.toMatchObject({
      code: 'too-many-prompts',
    });
    expect(read).toEqual({ told: 50_001, ended: true });
    const file = path.join(newFolder(), 'prompts.txt');
    writeFileSync(file, 'Who?\r\n\n  What?\n');
    const { wanted } = await readPrompts(engine, [file]);
    expect(wanted.map(({ turns }) => turns[0]?.content)).toEqual(['Who?', 'What?']);
  });

  it('is asked up to its last answer, from which the label begins', () => {
    const talk = [
      { role: 'user' as const, content: 'Who?' },
      { role: 'assistant' as const, content: 'Me.' },
    ];
    expect(taskFromConversation(talk, 'a.jsonl')).toEqual({
      ...{ mode: 'answer', turns: talk.slice(0, 1), source: 'a.jsonl' },
      suggestion: { by: 'a.jsonl', text: 'Me.' },
    });
    expect(taskFromConversation(talk.slice(1), 'a.jsonl')).toBeUndefined();
  });
});
