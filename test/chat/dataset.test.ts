/** Datasets of conversations: the forms they have, and what is told of broken ones. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  BUILTIN_TEMPLATES,
  chooseTemplate,
  prepareDataset,
  readDataset,
  readDatasetText,
} from '../../src/engine/chat/chat';
import type { DatasetEntry } from '../../src/engine/chat/chat';
import { openShards } from '../../src/engine/data/data';
import { byteTokenizer } from '../../src/engine/tokenizer/tokenizer';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-dataset-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};
const lines = (...records: unknown[]): string =>
  records.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n');
const read = (text: string, name = 'a.jsonl'): DatasetEntry[] => [...readDatasetText(name, text)];
const said = (entry: DatasetEntry | undefined): string =>
  (entry?.messages ?? []).map(({ role, content }) => `${role}: ${content}`).join(' | ');
const codes = (entry: DatasetEntry | undefined): string[] =>
  (entry?.problems ?? []).map(({ code, severity }) => `${severity} ${code}`);

describe('a record', () => {
  it.each([
    [
      {
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
      },
    ],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'q' }] },
          { role: 'assistant', content: 'a' },
        ],
      },
    ],
    [
      {
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      },
    ],
    [{ instruction: 'q', input: '', output: 'a' }],
    [{ question: 'q', answer: 'a' }],
    [{ prompt: 'q', completion: 'a' }],
    [{ prompt: 'q', response: 'a' }],
    [{ prompt: { role: 'prompter', text: 'q', replies: [{ role: 'assistant', text: 'a' }] } }],
  ])('is a conversation in the form %j', (record) => {
    expect(said(read(lines(record))[0])).toBe('user: q | assistant: a');
  });

  it('of Alpaca with an input asks for both', () => {
    const record = { instruction: 'Add.', input: '1 and 2', output: '3' };
    expect(said(read(lines(record))[0])).toBe('user: Add.\n\n1 and 2 | assistant: 3');
  });

  it('keeps calls of tools and what is only to be seen', () => {
    const call = { type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
    const [entry] = read(
      lines({
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', content: '2' },
          { role: 'assistant', content: 'a', weight: 0 },
        ],
      }),
    );
    expect(entry?.problems).toEqual([]);
    expect(entry?.messages?.[1]?.toolCalls).toEqual([{ name: 'add', arguments: '{"a":1}' }]);
    expect(entry?.messages?.[3]?.trained).toBe(false);
  });

  it('of a tree gives each way down, and learns a shared answer once', () => {
    const answer = (text: string, rank: number, ...replies: unknown[]): unknown => ({
      ...{ role: 'assistant', text, rank, replies },
    });
    const ask = (text: string, ...replies: unknown[]): unknown => ({
      ...{ role: 'prompter', text, replies },
    });
    const tree = ask(
      'q',
      answer('worse', 1),
      answer('a', 0, ask('q2', answer('a2', 0)), ask('q3', answer('a3', 0)), ask('q4')),
    );
    const entries = read(lines({ message_tree_id: 'x', prompt: tree }));
    expect(entries.map(said)).toEqual([
      'user: q | assistant: a | user: q2 | assistant: a2',
      'user: q | assistant: a | user: q3 | assistant: a3',
    ]);
    expect(entries[1]?.messages?.map(({ trained }) => trained)).toEqual([
      ...[undefined, false, undefined, undefined],
    ]);
  });
});

describe('a dataset', () => {
  const good = { question: 'q', answer: 'a' };

  it('keeps the others where a line is broken, and tells which', () => {
    const entries = read(lines(good, '{"question": "q"', '', good, { text: 'x' }, '7'));
    expect(entries.map(({ line, messages }) => [line, messages !== undefined])).toEqual([
      ...[[1, true] as const, [2, false] as const, [4, true] as const],
      ...[[5, false] as const, [6, false] as const],
    ]);
    expect(entries.flatMap(codes)).toEqual([
      ...['error bad-json', 'error bad-record', 'error bad-record'],
    ]);
  });

  it('may be one list of JSON, of which a broken record harms no other', () => {
    const text = `[\n  ${JSON.stringify(good)},\n  {"question": q},\n {"question": "a [\\" ]",\n "answer": "b"}\n]`;
    const entries = read(text, 'a.json');
    expect(entries.map(({ line }) => line)).toEqual([2, 3, 4]);
    expect(entries.map(said)).toEqual([
      ...['user: q | assistant: a', '', 'user: a [" ] | assistant: b'],
    ]);
    expect(codes(read('[{"question": "q"', 'a.json')[0])).toEqual(['error bad-json']);
  });

  it('may be ChatML, a line of dashes between two conversations', () => {
    const text =
      '<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na\n---\nb<|im_end|>\n\n---\n' +
      '<|im_start|>user\nq2<|im_end|>\n<|im_start|>poet\nx<|im_end|>\n<|im_start|>assistant\na2';
    const entries = read(text, 'a.chatml');
    expect(entries.map(said)).toEqual([
      'user: q | assistant: a\n---\nb',
      'user: q2 | assistant: a2',
    ]);
    expect(entries.map(({ line }) => line)).toEqual([1, 9]);
    expect(codes(entries[1])).toEqual(['warning roles']);
  });

  it.each([
    ['error no-answer', [['user', 'q']]],
    [
      'warning empty-turn',
      [
        ['user', ' '],
        ['assistant', 'a'],
      ],
    ],
    ['warning roles', [['assistant', 'a']]],
    [
      'warning roles',
      [
        ['user', 'q'],
        ['user', 'q'],
        ['assistant', 'a'],
      ],
    ],
    [
      'warning roles',
      [
        ['user', 'q'],
        ['system', 's'],
        ['assistant', 'a'],
      ],
    ],
    [
      'warning roles',
      [
        ['user', 'q'],
        ['assistant', 'a'],
        ['tool', 't'],
        ['assistant', 'a'],
      ],
    ],
    [
      'warning roles',
      [
        ['user', 'q'],
        ['assistant', 'a'],
        ['user', 'q'],
      ],
    ],
  ])('tells of %s: %j', (code, turns) => {
    const messages = turns.map(([role, content]) => ({ role, content }));
    expect(codes(read(lines({ messages }))[0])).toContain(code);
  });

  it('never fails on what a line holds', () => {
    const value = fc.oneof(
      fc.json(),
      fc.jsonValue().map((each) => JSON.stringify({ messages: each, prompt: each })),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(value),
        fc.constantFrom('a.jsonl', 'a.json', 'a.chatml'),
        (all, name) => {
          for (const entry of read(all.join('\n'), name))
            if (!entry.messages) expect(entry.problems).not.toEqual([]);
        },
      ),
    );
  });
});

describe('a dataset as a corpus', () => {
  const conversations = Array.from({ length: 40 }, (_, i) => ({
    question: `What is ${i % 20}?`,
    answer: `It is ${i % 20}.`,
  }));
  const prepare = async (text: string, options: { seed?: number; context?: number } = {}) => {
    const { template, tokenizer } = await chooseTemplate('nanochat', undefined, byteTokenizer());
    const notes: string[] = [];
    const target = path.join(folder, `corpus-${notes.length}-${Math.random()}`);
    const prepared = await prepareDataset({
      paths: [inFolder('talks.jsonl', text)],
      tokenizer,
      template,
      folder: target,
      validationFraction: 0.2,
      seed: options.seed ?? 1,
      context: options.context ?? 64,
      signal: new AbortController().signal,
      onNote: (note) => notes.push(note),
    });
    const corpus = openShards(target);
    const { train, validation } = corpus;
    const texts = (part: typeof train | undefined): string[] => {
      if (!part) return [];
      const starts = [...part.documents(), part.length];
      return starts
        .slice(1)
        .map((end, at) => tokenizer.decode(part.read(starts[at]!, end - starts[at]!)));
    };
    const answers = Array.from(train.readMask(0, train.length) ?? []);
    const learnt = tokenizer.decode(train.read(0, train.length).filter((_, i) => answers[i] === 1));
    const found = { train: texts(train), validation: texts(validation), learnt };
    corpus.close();
    return { ...found, prepared, notes, tokenizer };
  };

  it('holds a share out, and the same conversation never on both sides', async () => {
    const { train, validation, prepared, learnt } = await prepare(lines(...conversations));
    expect(prepared).toMatchObject({ conversations: 40, heldOut: 8, leftOut: 0 });
    expect(prepared.questions).toHaveLength(3);
    expect(validation.filter((text) => train.includes(text))).toEqual([]);
    expect(new Set([...train, ...validation]).size).toBe(20);
    expect(learnt.replaceAll(/It is \d+\.<\|assistant_end\|>/g, '')).toBe('');
    const other = await prepare(lines(...conversations), { seed: 2 });
    expect(other.validation).not.toEqual(validation);
  });

  it('leaves out what cannot be learnt from, and says so', async () => {
    const long = { question: 'q'.repeat(100), answer: 'a' };
    const cut = { question: 'q', answer: 'a'.repeat(100) };
    const { prepared, notes } = await prepare(lines('{', long, cut, ...conversations), {
      context: 60,
    });
    expect(prepared).toMatchObject({ conversations: 41, leftOut: 2 });
    expect(notes.join('\n')).toMatch(/talks\.jsonl:1: This line is not JSON/);
    expect(notes.join('\n')).toMatch(/talks\.jsonl:2: .*no answer is left/);
    expect(notes.join('\n')).toMatch(/talks\.jsonl:3: .*its end is cut off/);
  });

  it('without a conversation is an error with the first reason', async () => {
    await expect(prepare('{\n[]')).rejects.toThrow(/no conversation to learn from.*not JSON/);
    const none = readDataset([path.join(folder, 'none.jsonl')]);
    await expect(none.next()).rejects.toThrow(/no such file/);
  });
});

describe('a template to teach', () => {
  it.each(Object.keys(BUILTIN_TEMPLATES))(
    '%s ends answers with a token of its own',
    async (name) => {
      const before = byteTokenizer();
      const { tokenizer, added, endId } = await chooseTemplate(name, undefined, before);
      expect(added[0]).toBe(before.vocabSize);
      expect(added).toHaveLength(tokenizer.vocabSize - before.vocabSize);
      expect(tokenizer.eosId).toBe(endId);
      expect(tokenizer.tokenText(endId ?? 0)).toMatch(/^<\|(im_end|eot_id|assistant_end)\|>$/);
      const text = 'Plain text, <|im_end|> and all.';
      expect(tokenizer.encode(text)).toEqual(before.encode(text));
      // Taught a second time, nothing is new.
      const again = await chooseTemplate(name, undefined, tokenizer);
      expect(again.added).toEqual([]);
      expect(again.tokenizer.vocabSize).toBe(tokenizer.vocabSize);
    },
  );

  it('may be a file of its own', async () => {
    const file = inFolder(
      'own.jinja',
      '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}',
    );
    const { tokenizer, added, endId } = await chooseTemplate(file, undefined, byteTokenizer());
    expect(added.map((id) => tokenizer.tokenText(id))).toEqual(['<|end|>', '<|assistant|>']);
    expect(tokenizer.tokenText(endId ?? 0)).toBe('<|end|>');
    await expect(chooseTemplate('none', undefined, tokenizer)).rejects.toThrow(/no chat template/);
  });
});
