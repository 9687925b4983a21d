import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTurns } from '../../src/base/chatml';
import { isDatasetFile, looksLikeDataset } from '../../src/host/datasets/datasetFiles';
import { placeOf } from '../../src/host/datasets/datasetText';
import { seenText, tokenAt } from '../../src/host/datasets/seenText';
import { fineTuneRecipe } from '../../src/recipe/fineTune';
import { learnsConversations } from '../../webview/run/recipeValues';

describe('a dataset is told by its beginning', () => {
  const records = {
    messages: { messages: [{ role: 'user', content: 'Hi' }] },
    ShareGPT: { conversations: [{ from: 'human', value: 'Hi' }] },
    Alpaca: { instruction: 'Say hi', output: 'Hi' },
    question: { id: 1, question: 'Who?', answer: 'I.' },
    completion: { prompt: 'Who?', completion: 'I.' },
    tree: { message_tree_id: 'x', prompt: { role: 'prompter', text: 'Who?', replies: [] } },
  };

  it.each(Object.entries(records))('%s', (_, record) => {
    const line = JSON.stringify(record);
    expect(looksLikeDataset('a.jsonl', line)).toBe(true);
    expect(looksLikeDataset('a.jsonl', `{ broken\n${line}\n`)).toBe(true);
    expect(looksLikeDataset('a.txt', line)).toBe(false);
  });

  it('whose first record is longer than what is looked at', () => {
    const long = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(1000) }] });
    expect(looksLikeDataset('a.jsonl', long.slice(0, 100))).toBe(true);
    expect(looksLikeDataset('a.json', `[\n  ${long.slice(0, 100)}`)).toBe(true);
  });

  it('and other files are none', () => {
    expect(looksLikeDataset('a.jsonl', '{"text": "Once"}\n{"text": "more"}')).toBe(false);
    expect(looksLikeDataset('a.jsonl', '{"question": "only"}')).toBe(false);
    expect(looksLikeDataset('package.json', '{"name": "x", "messages": []}')).toBe(false);
    expect(looksLikeDataset('a.chatml', '')).toBe(true);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof looksLikeDataset('a.jsonl', text)).toBe('boolean');
      }),
    );
  });

  describe('on the disk', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'glassbox-datasets-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('and what can not be read is none', async () => {
      const file = path.join(folder, 'a.jsonl');
      writeFileSync(file, JSON.stringify(records.Alpaca));
      expect(await isDatasetFile(file)).toBe(true);
      expect(await isDatasetFile(path.join(folder, 'b.jsonl'))).toBe(false);
    });
  });
});

describe('a problem is underlined where it is', () => {
  const warning = (turn?: number, code = 'roles', message = '') => ({
    ...{ code, message },
    ...(turn !== undefined && { turn }),
  });

  it('in a record: at its role', () => {
    const roles = ['user', 'user', 'assistant'];
    const messages = roles.map((role) => ({ role, content: 'a "role": "b"' }));
    const record = JSON.stringify({ messages });
    const lines = ['', record];
    const at = placeOf(
      'a.jsonl',
      1,
      warning(1),
      (line) => lines[line]!,
      () => [],
    );
    expect(record.slice(at.start, at.end)).toBe('"role":"user"');
    expect(at.start).toBeGreaterThan(record.indexOf('"role"') + 1);
    const special = 'What is said holds <|im_end|>, <|im_start|>: it becomes plain text.';
    const said = '{"question": "a <|im_end|> b", "answer": "c"}';
    const found = placeOf(
      'a.jsonl',
      0,
      warning(undefined, 'special-token', special),
      () => said,
      () => [],
    );
    expect(said.slice(found.start, found.end)).toBe('<|im_end|>');
    const told = '{"question": "a \\"tools\\": b", "answer": "c", "tools" : 3}';
    const odd = placeOf(
      'a.jsonl',
      0,
      warning(undefined, 'tools', 'tools: expected a list'),
      () => told,
      () => [],
    );
    expect([odd.start, told.slice(odd.start, odd.end)]).toEqual([
      told.lastIndexOf('"tools"'),
      '"tools"',
    ]);
  });

  it('in a transcript: at its turn', () => {
    const text = [
      ...['<|im_start|>user', 'Hi<|im_end|>', '---', '', '<|im_start|>user', 'Ho<|im_end|>'],
      ...['<|im_start|>user', '<|im_end|>'],
    ].join('\n');
    const lines = text.split('\n');
    const at = placeOf(
      'a.chatml',
      4,
      warning(1),
      (line) => lines[line]!,
      () => parseTurns(text),
    );
    expect(at).toEqual({ line: 6, start: 0, end: '<|im_start|>user'.length });
  });

  it('of a whole record: at what of it can be read', () => {
    const at = placeOf(
      'a.jsonl',
      0,
      warning(),
      () => `  {${'x'.repeat(500)}`,
      () => [],
    );
    expect(at).toEqual({ line: 0, start: 2, end: 122 });
  });
});

describe('a conversation as the model sees it', () => {
  const rendered = {
    ...({ kind: 'conversation', file: 'a', line: 1 } as const),
    problems: [],
    text: '<u>Hi there<a>Ho<e>\r\n',
    ids: [1, 10, 11, 2, 12, 3, 13],
    mask: [0, 0, 0, 0, 1, 1, 0],
    offsets: [
      [0, 3],
      [3, 5],
      [5, 11],
      [11, 14],
      [14, 16],
      [16, 19],
      [19, 21],
    ] as [number, number][],
    said: [
      [3, 11],
      [14, 16],
    ] as [number, number][],
  };
  const names = { learnt: 'L', seen: 'S', template: 'T' };

  it('has a kind for every token, and a legend in the same colours', () => {
    const seen = seenText(rendered, names);
    expect(seen.text).toBe(' L     S     T \n\n<u>Hi there<a>Ho<e>\u240d\n');
    expect(seen.legend.map(({ kind, start, end }) => [kind, seen.text.slice(start, end)])).toEqual([
      ['learnt', ' L '],
      ['seen', ' S '],
      ['template', ' T '],
    ]);
    expect(seen.tokens.map(({ kind, start, end }) => [kind, seen.text.slice(start, end)])).toEqual([
      ['template', '<u>'],
      ['seen', 'Hi'],
      ['seen', ' there'],
      ['template', '<a>'],
      ['learnt', 'Ho'],
      ['learnt', '<e>'],
      ['template', '\u240d\n'],
    ]);
  });

  it('knows the token at a place', () => {
    const seen = seenText(rendered, names);
    const first = seen.text.indexOf('<u>');
    expect(tokenAt(seen, first)?.id).toBe(1);
    expect(tokenAt(seen, first + 4)?.id).toBe(10);
    expect(tokenAt(seen, 0)).toBeUndefined();
    expect(tokenAt(seen, seen.text.length)).toBeUndefined();
  });
});

describe('the recipe of a fine-tuning', () => {
  const plan = { name: 'chat', model: '/models/base', paths: ['/a.jsonl'], steps: 30 };

  it('measures a short run as often as a long one', () => {
    const recipe = fineTuneRecipe({ ...plan, lora: false });
    expect(recipe).toMatchObject({
      data: { format: 'conversations', paths: ['/a.jsonl'] },
      model: { from: '/models/base' },
      train: { steps: 30, warmup: 2, evalEvery: 5, sampleEvery: 10, schedule: 'warmdown' },
    });
    expect(recipe.model.lora).toBeUndefined();
    expect(learnsConversations(recipe)).toBe(true);
    expect(learnsConversations({ data: { format: 'text' } })).toBe(false);
  });

  it('trains adapters where they are wanted', () => {
    expect(fineTuneRecipe({ ...plan, lora: true }).model.lora).toMatchObject({ rank: 8 });
  });
});
