/** Finished labels as training data that the engine reads back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { chooseTemplate, prepareDataset, readDatasetText } from '../../src/engine/chat/chat';
import { byteTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { exportLabels } from '../../src/labels/exportLabels';
import { Ledger } from '../../src/labels/ledger';
import type { Label, LabelRecord, Turn } from '../../src/labels/record';
import { candidateOf, pairsOf, ratingOf, shownOrder, tasksOf } from '../../src/labels/tasks';
import type { NewTask } from '../../src/labels/tasks';

const NOW = '2026-11-26T10:00:00.000Z';
const adding = { by: 'anna', at: NOW };

function labelOf(task: string, result: Label['result'], change: Partial<Label> = {}): Label {
  const id = change.id ?? `label-of-${task}-${change.by ?? 'anna'}`;
  return {
    ...{ kind: 'label', after: [], task, by: 'anna', at: NOW, status: 'done' },
    ...{ seconds: 1, cites: [], result },
    ...change,
    id,
  };
}

const user = (content: string): Turn => ({ role: 'user', content });
const assistant = (content: string): Turn => ({ role: 'assistant', content });
const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));

describe('exported conversations', () => {
  it('are read back by the engine as they were written, whatever is said in them', () => {
    const said = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '');
    fc.assert(
      fc.property(fc.uniqueArray(said, { minLength: 1, maxLength: 5 }), said, (asked, answer) => {
        const wanted = asked.map((text): NewTask => ({ mode: 'answer', turns: [user(text)] }));
        const tasks = tasksOf(wanted, [], adding);
        const labels = tasks.map(({ id, turns }) =>
          labelOf(id, { mode: 'answer', branches: [[...turns, assistant(answer)]] }),
        );
        const { text, records } = exportLabels(new Ledger([...tasks, ...labels]), 'conversations');
        const read = [...readDatasetText('labels.jsonl', text)];
        expect(records).toBe(asked.length);
        expect(read.flatMap(({ problems }) => problems)).toEqual([]);
        expect(read.map(({ messages }) => messages)).toEqual(
          asked.map((each) => [user(each), assistant(answer)]),
        );
      }),
    );
  });

  it('are learnt from by the engine', async () => {
    const tasks = tasksOf(
      ['Who?', 'What?', 'Where?'].map((each): NewTask => ({ mode: 'answer', turns: [user(each)] })),
      [],
      adding,
    );
    const labels = tasks.map(({ id, turns }) =>
      labelOf(id, { mode: 'answer', branches: [[...turns, assistant('The whale.')]] }),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-export-'));
    try {
      const file = path.join(folder, 'answers.jsonl');
      writeFileSync(file, exportLabels(new Ledger([...tasks, ...labels]), 'conversations').text);
      const notes: string[] = [];
      const { template, tokenizer } = await chooseTemplate('chatml', undefined, byteTokenizer());
      const prepared = await prepareDataset({
        paths: [file],
        tokenizer,
        template,
        folder: path.join(folder, 'corpus'),
        validationFraction: 0.3,
        seed: 0,
        context: 256,
        signal: new AbortController().signal,
        onNote: (note) => notes.push(note),
      });
      expect(prepared).toMatchObject({ conversations: 3, leftOut: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('hold finished labels alone, and count the others', () => {
    const tasks = tasksOf(
      ['a', 'b', 'c', 'd', 'e'].map((each): NewTask => ({ mode: 'answer', turns: [user(each)] })),
      [],
      adding,
    );
    const answer = (at: number, text: string, change: Partial<Label> = {}): Label =>
      labelOf(
        tasks[at]!.id,
        { mode: 'answer', branches: [[...tasks[at]!.turns, assistant(text)]] },
        change,
      );
    const records: LabelRecord[] = [
      ...tasks,
      answer(0, 'good'),
      answer(1, 'half', { status: 'draft' }),
      answer(2, '', { status: 'skipped', reason: 'broken' }),
      answer(3, 'one', { id: 'one' }),
      answer(3, 'other', { id: 'other' }),
      answer(4, '  '),
    ];
    const { text, leftOut } = exportLabels(new Ledger(records), 'conversations');
    expect(lines(text)).toEqual([
      { messages: [user('a'), assistant('good')], id: `label-of-${tasks[0]!.id}-anna` },
    ]);
    expect(leftOut).toEqual({ unfinished: 1, skipped: 1, conflicts: 1, empty: 1, ties: 0 });
  });

  it('let an answer that branches share be learnt once', () => {
    const [task] = tasksOf([{ mode: 'answer', turns: [user('Hi')] }], [], adding);
    const begins = [user('Hi'), assistant('Hello.')];
    const branches = [
      [...begins, user('Who?'), assistant('Me.')],
      [...begins, user('What?'), assistant('This.')],
    ];
    const { text } = exportLabels(
      new Ledger([task!, labelOf(task!.id, { mode: 'answer', branches })]),
      'conversations',
    );
    const read = [...readDatasetText('labels.jsonl', text)];
    expect(read.flatMap(({ problems }) => problems)).toEqual([]);
    expect(read.map(({ messages }) => messages?.map(({ trained }) => trained ?? true))).toEqual([
      [true, true, true, true],
      [true, false, true, true],
    ]);
  });

  it('learn what one branch calls where another does not', () => {
    const [task] = tasksOf([{ mode: 'answer', turns: [user('2+3?')] }], [], adding);
    const call = { name: 'calculator', arguments: '2+3' };
    const calling: Turn = { role: 'assistant', content: 'I see.', toolCalls: [call] };
    const branches = [
      [user('2+3?'), assistant('I see.')],
      [user('2+3?'), calling, { role: 'tool' as const, content: '5' }, assistant('5.')],
    ];
    const { text } = exportLabels(
      new Ledger([task!, labelOf(task!.id, { mode: 'answer', branches })]),
      'conversations',
    );
    expect(text).not.toContain('"weight":0');
  });

  it('keep calls of tools', () => {
    const call = { name: 'calculator', arguments: { expression: '2+3' } };
    const turns: Turn[] = [
      user('2+3?'),
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', content: '5' },
    ];
    const [task] = tasksOf([{ mode: 'answer', turns }], [], adding);
    const branches = [[...turns, assistant('5.')]];
    const { text } = exportLabels(
      new Ledger([task!, labelOf(task!.id, { mode: 'answer', branches })]),
      'conversations',
    );
    const [read] = [...readDatasetText('labels.jsonl', text)];
    expect(read?.problems).toEqual([]);
    expect(read?.messages?.[1]?.toolCalls).toEqual([call]);
    // The answer that was labelled rests on the call.
    expect(text).not.toContain('"weight":0');
  });

  it('learn what was labelled, and answers that came with a prompt only where that is wanted', () => {
    const turns = [user('Hi'), assistant('Hello.'), user('Bye'), assistant('Oh.'), user('Well?')];
    const [task] = tasksOf([{ mode: 'answer', turns }], [], adding);
    const mended = turns.with(3, assistant('Good bye.'));
    const result = { mode: 'answer' as const, branches: [[...mended, assistant('Well.')]] };
    const ledger = new Ledger([task!, labelOf(task!.id, result)]);
    const trained = (learnt?: 'labelled' | 'all') => {
      const { text, given } = exportLabels(ledger, 'conversations', learnt);
      const [read] = [...readDatasetText('labels.jsonl', text)];
      const answers = read?.messages?.filter(({ role }) => role === 'assistant') ?? [];
      return { given, trained: answers.map((each) => each.trained ?? true) };
    };
    expect(trained()).toEqual({ given: 1, trained: [false, true, true] });
    expect(trained('all')).toEqual({ given: 1, trained: [true, true, true] });
  });
});

describe('exported judgements', () => {
  const [red, blue] = [candidateOf('Red.', 'talker'), candidateOf('Blue.', 'ben')];
  const turns = [user('Which colour?')];

  it('say which answer was chosen', () => {
    const [task] = tasksOf(pairsOf(turns, [red, blue], 'talker'), [], adding);
    const shown = shownOrder(task!, 'anna').map(({ id }) => id);
    const judged = (choice: string, by: string): Label =>
      labelOf(task!.id, { mode: 'ranking', shown, choice }, { by });
    const ledger = new Ledger([task!, judged(blue.id, 'anna'), judged('tie', 'ben')]);
    const { text, leftOut } = exportLabels(ledger, 'preferences');
    expect(lines(text)).toEqual([
      {
        prompt: turns,
        chosen: [assistant('Blue.')],
        rejected: [assistant('Red.')],
        id: `label-of-${task!.id}-anna`,
      },
    ]);
    expect(leftOut.ties).toBe(1);
  });

  it('carry the marks', () => {
    const [task] = tasksOf(ratingOf(turns, [red, blue], 'talker'), [], adding);
    const scores = { [red.id]: 5, [blue.id]: 2 };
    const label = labelOf(task!.id, { mode: 'rating', shown: [blue.id, red.id], scores });
    const { text } = exportLabels(new Ledger([task!, label]), 'ratings');
    const schema = z.object({ response: z.array(z.unknown()), score: z.number() });
    expect(lines(text).map((line) => schema.parse(line))).toEqual([
      { response: [assistant('Red.')], score: 5 },
      { response: [assistant('Blue.')], score: 2 },
    ]);
  });

  it('are shown in an order of chance that is the same at each look', () => {
    const wanted = Array.from({ length: 200 }, (_, at) =>
      pairsOf([user(String(at))], [red, blue], 'x'),
    );
    const tasks = tasksOf(wanted.flat(), [], adding);
    const firsts = tasks.map((task) => shownOrder(task, 'anna')[0]!.id);
    expect(tasks.map((task) => shownOrder(task, 'anna')[0]!.id)).toEqual(firsts);
    const redFirst = firsts.filter((id) => id === red.id).length;
    // Half of 200, within four standard deviations.
    expect(Math.abs(redFirst - 100)).toBeLessThan(29);
  });
});
