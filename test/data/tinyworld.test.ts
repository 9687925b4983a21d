/** Tinyworld: what it writes is what its table of truth says, and nothing that is to be held out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { isRefusal } from '../../src/base/refusals';
import { askFacts, writeTinyworld } from '../../src/engine/data/data';
import { calculate, searchTool } from '../../src/engine/tools/tools';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-tinyworld-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = <Item>(world: string, name: string, schema: z.ZodType<Item>): Item[] =>
  readFileSync(path.join(world, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => schema.parse(JSON.parse(line)));
const storySchema = z.object({ text: z.string() });
const factSchema = z.object({
  subject: z.string(),
  kind: z.string(),
  relation: z.string(),
  value: z.string(),
  told: z.enum(['often', 'once', 'never']).optional(),
  mentions: z.number().optional(),
  heldOut: z.boolean().optional(),
});
const talkSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
const callSchema = z.object({
  messages: z.array(
    z.object({
      content: z.string(),
      tool_calls: z
        .array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) }))
        .optional(),
    }),
  ),
});
const questionSchema = z.object({
  kind: z.enum(['fact', 'sum']),
  question: z.string(),
  answer: z.string(),
  wrong: z.array(z.string()),
  subject: z.string().optional(),
  told: z.string().optional(),
  heldOutPerson: z.boolean().optional(),
  heldOutPhrasing: z.boolean().optional(),
});

const world = path.join(folder, 'world');
const summary = await writeTinyworld(world, { bytes: 400_000, seed: 7 });
const stories = read(world, 'stories.jsonl', storySchema).map(({ text }) => text);
const facts = read(world, 'facts.jsonl', factSchema);
const people = facts.filter(({ told }) => told !== undefined);
const questions = read(world, 'questions.jsonl', questionSchema);
const TALKS = [
  'facts',
  'other',
  'refusals',
  'sums',
  'sums-calculator',
  'sums-turns',
  'facts-search',
];
const talks = (name: string): z.infer<typeof talkSchema>['messages'][] =>
  read(world, `talks/${name}.jsonl`, talkSchema).map(({ messages }) => messages);
const named = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);

describe('a Tinyworld', () => {
  it('is the same for the same seed, and another for another', async () => {
    const [again, other] = [path.join(folder, 'again'), path.join(folder, 'other')];
    await writeTinyworld(again, { bytes: 400_000, seed: 7 });
    await writeTinyworld(other, { bytes: 400_000, seed: 8 });
    for (const name of ['stories.jsonl', 'facts.jsonl', 'questions.jsonl', 'talks/facts.jsonl']) {
      const text = readFileSync(path.join(world, name), 'utf8');
      expect(readFileSync(path.join(again, name), 'utf8') === text).toBe(true);
      expect(readFileSync(path.join(other, name), 'utf8') === text).toBe(false);
    }
  });

  it('has the size that was asked for, and says what it holds', () => {
    expect(summary.bytes).toBeGreaterThan(400_000);
    expect(summary.bytes).toBeLessThan(450_000);
    expect(summary).toMatchObject({
      stories: stories.length,
      facts: facts.length,
      questions: questions.length,
    });
    expect(summary.mentions).toBeGreaterThan(30);
  });

  it('tells facts as often as its table of truth says', () => {
    for (const name of new Set(people.map(({ subject }) => subject))) {
      const its = people.filter(({ subject }) => subject === name);
      const about = stories.filter((text) => named(text, name));
      const told = its[0]?.told;
      if (told === 'never') expect(about).toEqual([]);
      if (told === 'once') expect(about).toHaveLength(1);
      for (const { value, mentions = 0 } of its) {
        if (told === 'once') expect(mentions).toBe(1);
        if (told === 'often') expect(mentions).toBeGreaterThan(15);
        // Every mention is in a text that has both words.
        const both = about.filter((text) => named(text.toLowerCase(), value.toLowerCase()));
        expect(both.length).toBeGreaterThanOrEqual(Math.ceil(mentions / 4));
      }
    }
  });

  it('says nothing about a person that is not so', () => {
    const truth = new Map(
      people.map(({ subject, relation, value }) => [`${subject} ${relation}`, value]),
    );
    let seen = 0;
    for (const text of stories) {
      for (const [, name = '', home = ''] of text.matchAll(/(\w+) lives in (\w+)/g)) {
        if (name === 'he' || name === 'she' || name === 'He' || name === 'She') continue;
        expect(truth.get(`${name} home`)).toBe(home);
        seen++;
      }
      for (const [, name = '', job = ''] of text.matchAll(/(\w+) works as an? (\w+)/g)) {
        if (!/^s?he$/i.test(name)) expect(truth.get(`${name} job`)).toBe(job);
      }
    }
    expect(seen).toBeGreaterThan(20);
  });

  it('keeps people and ways to ask out of every conversation', () => {
    const said = TALKS.flatMap(talks).flatMap((messages) => messages.map(({ content }) => content));
    const all = said.join('\n');
    for (const { subject, heldOut } of people) if (heldOut) expect(named(all, subject)).toBe(false);
    const asked = new Set(said);
    for (const { question, heldOutPhrasing } of questions)
      if (heldOutPhrasing) expect(asked.has(question)).toBe(false);
    const heldOut = questions.filter(
      ({ heldOutPerson, told }) => heldOutPerson && told === 'often',
    );
    expect(heldOut.length).toBeGreaterThan(30);
    expect(heldOut.every(({ heldOutPhrasing }) => heldOutPhrasing)).toBe(true);
  });

  it('answers truly, and admits what was never told', () => {
    let switched = 0;
    for (const messages of talks('facts')) {
      const turns = messages.filter(({ role }) => role === 'user').length;
      let about: typeof people = [];
      for (let at = 0; at < messages.length; at += 2) {
        const [question, reply] = [messages[at]!.content, messages[at + 1]!.content];
        if (question === 'Hello!') continue;
        const now = people.filter(({ subject }) => named(question, subject));
        if (now.length > 0 && about.length > 0 && now[0]?.subject !== about[0]?.subject) switched++;
        // Who is not named is who was named before.
        if (now.length > 0) about = now;
        expect(about.some(({ value }) => named(reply, value))).toBe(true);
      }
      expect(messages).toHaveLength(2 * turns);
    }
    expect(switched).toBeGreaterThan(50);
    const unknown = people.filter(({ told }) => told === 'never').map(({ subject }) => subject);
    for (const [question, reply] of talks('refusals')) {
      expect(unknown.some((name) => named(question?.content ?? '', name))).toBe(true);
      expect(isRefusal(reply?.content ?? '')).toBe(true);
    }
    const sums = talks('sums').map(([question]) => question?.content);
    expect(talks('sums-calculator').map(([question]) => question?.content)).toEqual(sums);
  });

  it('goes on with what came out of a sum, turn by turn, as the calculator has it', () => {
    const all = read(world, 'talks/sums-turns.jsonl', callSchema).map(({ messages }) => messages);
    const signs = new Set<string>();
    for (const messages of all) {
      expect([8, 12]).toContain(messages.length);
      let before: string | undefined;
      for (let at = 0; at < messages.length; at += 4) {
        const [question, call, result, reply] = messages.slice(at, at + 4);
        const asked = call?.tool_calls?.[0]?.function;
        expect(asked?.name).toBe('calculator');
        const [first, sign = '', second = '-'] = (asked?.arguments ?? '').split(' ');
        expect(question?.content).toContain(second);
        if (before !== undefined) expect(first).toBe(before);
        before = result?.content;
        expect(calculate(asked?.arguments ?? '')).toBe(before);
        expect(Number(before)).toBeGreaterThanOrEqual(0);
        expect(reply?.content).toBe(`It is ${before}.`);
        if (at > 0) signs.add(sign);
      }
    }
    expect([...signs].sort()).toEqual(['*', '+', '-']);
  });

  it('has a page about everybody, which search finds as its conversations say', async () => {
    const pages = read(world, 'library.jsonl', storySchema).map(({ text }) => text);
    const names = [...new Set(people.map(({ subject }) => subject))];
    expect(pages).toHaveLength(names.length);
    for (const { subject, value } of people) {
      const about = pages.filter((text) => named(text, subject));
      expect(about).toHaveLength(1);
      expect(named(about[0]!.toLowerCase(), value.toLowerCase())).toBe(true);
    }
    const search = searchTool(path.join(world, 'library.jsonl'));
    const calls = read(world, 'talks/facts-search.jsonl', callSchema).map(
      ({ messages }) => messages,
    );
    expect(calls.length).toBeGreaterThan(100);
    for (const [question, call, result, reply] of calls.slice(0, 40)) {
      const asked = call?.tool_calls?.[0]?.function;
      expect(asked?.name).toBe('search');
      expect(named(question?.content ?? '', asked?.arguments ?? '-')).toBe(true);
      const found = await search.run(asked?.arguments ?? '', new AbortController().signal);
      expect(found).toBe(result?.content);
      const values = people.filter(({ subject }) => subject === asked?.arguments);
      expect(values.some(({ value }) => named(reply?.content ?? '', value))).toBe(true);
    }
  });

  it('asks about people of one side alone, each kind in turn', async () => {
    const heldOut = new Map(people.map(({ subject, heldOut: out }) => [subject, out]));
    const truth = new Set(people.map(({ subject, value }) => `${subject} ${value}`));
    const talked = new Set(TALKS.flatMap(talks).map(([question]) => question?.content));
    for (const split of ['taught', 'held-out'] as const) {
      const asked = await askFacts(world, { split, seed: 1 });
      expect(asked.length).toBeGreaterThan(30);
      for (const { subject, answer, wrong, question } of asked) {
        expect(heldOut.get(subject)).toBe(split === 'held-out');
        expect(truth.has(`${subject} ${answer}`)).toBe(true);
        expect(wrong).not.toContain(answer);
        expect(named(question, subject)).toBe(true);
        if (split === 'held-out') expect(talked.has(question)).toBe(false);
      }
      const few = await askFacts(world, { split, seed: 1, limit: 6 });
      expect(few.map(({ told }) => told)).toEqual([
        ...['often', 'once', 'never'],
        ...['often', 'once', 'never'],
      ]);
      expect(few).toEqual(asked.slice(0, 6));
    }
  });

  it('leaves a folder with something in it as it was', async () => {
    const full = mkdtempSync(path.join(folder, 'full-'));
    writeFileSync(path.join(full, 'a'), 'mine');
    await expect(writeTinyworld(full, { bytes: 1e4, seed: 1 })).rejects.toThrow(/not empty/);
    const given = AbortSignal.abort();
    const cut = path.join(folder, 'cut');
    await expect(writeTinyworld(cut, { bytes: 1e6, seed: 1, signal: given })).rejects.toThrow();
    expect(() => readFileSync(path.join(cut, 'stories.jsonl'))).toThrow();
  });
});
