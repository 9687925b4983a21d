/** Questions from files, texts and profiles; probes on the disk. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readDatasetText } from '../../src/engine/chat/chat';
import {
  checkOut,
  choosePassages,
  compare,
  identityTalks,
  parseProfile,
  questionsOf,
  readAbout,
  readProbe,
  readQuestions,
  summarize,
  writeProbe,
  writeQuestions,
} from '../../src/engine/knowledge/knowledge';
import type { Asked, Probed } from '../../src/engine/knowledge/knowledge';
import { byteTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { scriptedModel } from '../chat/scriptedModel';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-knowledge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

describe('questions from files', () => {
  it('come from records and conversations; a broken line is told of, the others kept', async () => {
    const file = inFolder(
      'q.jsonl',
      [
        '{"question": "Who?", "answer": "Mira", "wrong": ["Kira"], "told": "once"}',
        '{"question": "Wh',
        '{"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Rain."}]}',
        '{"text": "no question"}',
        '',
        '{"question": "When?", "answer": "Now"}',
      ].join('\n'),
    );
    const { questions, problems } = await readQuestions([file]);
    expect(questions).toEqual([
      { question: 'Who?', answer: 'Mira', wrong: ['Kira'], told: 'once' },
      { question: 'Why?', answer: 'Rain.' },
      { question: 'When?', answer: 'Now' },
    ]);
    expect(problems.map(({ place }) => place)).toEqual([`${file}:2`, `${file}:4`]);
    expect((await readQuestions([file], { limit: 2 })).questions).toHaveLength(2);
    const none = inFolder('none.jsonl', '{"text": "a"}\n');
    await expect(readQuestions([none])).rejects.toThrow(/no question.*none.jsonl:1/);
  });
});

describe('questions from texts', () => {
  const passage = 'The mill of Tor was built by Anselm in the year of the flood, beside the river.';

  it('are chosen by chance from passages of all documents', async () => {
    const texts = Array.from({ length: 30 }, (_, i) => `${passage} Number ${i}.`).join('\n\n');
    const file = inFolder('text.txt', texts);
    const chosen = await choosePassages([file], { count: 5, seed: 1 });
    expect(chosen).toHaveLength(5);
    expect(new Set(chosen.map(({ text }) => text)).size).toBe(5);
    expect(await choosePassages([file], { count: 5, seed: 1 })).toEqual(chosen);
    expect(await choosePassages([file], { count: 5, seed: 2 })).not.toEqual(chosen);
  });

  it('are kept only where the text holds the answer and the question does not', async () => {
    const written = [
      ' Who built the mill of Tor?\nAnswer: Anselm\n\n',
      ' Who built the mill?\nAnswer: Berthold\n\n',
      ' Did Anselm build the mill of Tor?\nAnswer: Anselm\n\n',
      ' The mill is old.\n\n',
    ];
    const tokenizer = byteTokenizer();
    const script = tokenizer.encode(written.join(''));
    let at = 0;
    const model = scriptedModel(tokenizer, '{{ messages[0].content }}', () => script[at++]!);
    const passages = written.map((_, i) => ({ text: passage, place: `t:${i}` }));
    const found = [];
    for await (const each of writeQuestions(model, passages, { seed: 1 })) found.push(each);
    expect(found[0]).toEqual({
      question: 'Who built the mill of Tor?',
      answer: 'Anselm',
      source: passage,
    });
    expect(found.slice(1)).toEqual([
      { place: 't:1', message: expect.stringContaining('does not stand in the text') as string },
      { place: 't:2', message: expect.stringContaining('holds its answer') as string },
      { place: 't:3', message: expect.stringContaining('no question') as string },
    ]);
  });
});

describe('a profile', () => {
  const text = '# mine\nname: Wren\nmaker: a small lab\npurpose: answer questions\n';

  it('becomes conversations about the model, and of nothing that it does not say', () => {
    const talks = identityTalks(parseProfile(text, 'p.txt'));
    const said = talks.map(({ messages }) => messages.map(({ content }) => content).join(' '));
    expect(said).toContain(
      'Who are you? I am Wren. I was made by a small lab. I am here to answer questions.',
    );
    expect(said.some((each) => each.startsWith('What do you know'))).toBe(false);
    const lines = talks.map((talk) => JSON.stringify(talk)).join('\n');
    for (const { problems } of readDatasetText('a.jsonl', lines)) expect(problems).toEqual([]);
  });

  it('that is mistaken is refused with its line', () => {
    expect(() => parseProfile('name: A\nage 3', 'p.txt')).toThrow(/p\.txt:2/);
    expect(() => parseProfile('maker: A', 'p.txt')).toThrow(/called/);
    fc.assert(
      fc.property(fc.string(), (noise) => {
        try {
          expect(parseProfile(noise, 'p').name).not.toBe('');
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'profile' });
        }
      }),
    );
  });
});

describe('a probe on the disk', () => {
  const probed: Probed[] = (['right', 'wrong', 'refused'] as const).map((verdict, i) => ({
    question: { question: `Who <b>${i}</b>?`, answer: 'Mira', told: 'often' },
    answer: { text: 'It is | Mira', verdict },
    ended: true,
    probability: 0.95,
    agreement: 0.5,
    drawn: [{ text: 'Mira', verdict }],
    knowledge: 'known',
  }));

  it('is read as it was written, with a report and a picture', async () => {
    const out = path.join(folder, 'probe');
    await checkOut(out);
    await writeProbe(out, { model: 'm', probed, summary: summarize(probed) });
    expect(await readProbe(out)).toEqual(probed);
    expect(await readProbe(path.join(out, 'answers.jsonl'))).toEqual(probed);
    const report = readFileSync(path.join(out, 'report.md'), 'utf8');
    expect(report).toContain('| knew | 3 | 33.3% [6.1, 79.2] | 33.3%');
    expect(report).not.toContain('<b>');
    const chart = readFileSync(path.join(out, 'confidence.svg'), 'utf8');
    expect(chart).toContain('1 of 2 right');
    expect(chart.match(/<circle/g)).toHaveLength(2);
    await expect(checkOut(out)).rejects.toThrow(/not empty/);
  });

  it('tells how it was asked, so that it can be asked again and found beside others', async () => {
    const asked: Asked = {
      ...{ model: '/m', samples: 3, temperature: 1, maxTokens: 48, seed: 1 },
      about: { kind: 'tinyworld', paths: ['/world'], split: 'held-out' },
      tools: [{ name: 'calculator' }],
    };
    const [one, other, elsewhere] = ['asked', 'reversed', 'fewer'].map((name) =>
      path.join(folder, name),
    ) as [string, string, string];
    await writeProbe(one, { model: 'm', probed, summary: summarize(probed), asked });
    const about = await readAbout(one);
    expect(about).toMatchObject({ model: 'm', questions: 3, asked, knowledge: { known: 3 } });
    expect(await questionsOf(one)).toEqual(probed.map(({ question }) => question));
    // The same questions in another order are the same questions; two of three are others.
    const reversed = probed.toReversed();
    await writeProbe(other, { model: 'm', probed: reversed, summary: summarize(reversed) });
    const fewer = probed.slice(1);
    const { summary, before } = compare(fewer, probed);
    expect(before.questions).toBe(2);
    await writeProbe(elsewhere, { model: 'm', probed: fewer, summary, before });
    const hashOf = async (of: string) => (await readAbout(of)).questionsHash;
    expect(await hashOf(other)).toBe(about.questionsHash);
    expect(await hashOf(elsewhere)).not.toBe(about.questionsHash);
    await expect(readAbout(folder)).rejects.toMatchObject({ code: 'not-a-probe' });
  });

  it('that is damaged is refused with its line', async () => {
    const file = inFolder('answers.jsonl', `${JSON.stringify(probed[0])}\n{"question": 3}\n`);
    await expect(readProbe(file)).rejects.toThrow(/answers\.jsonl:2 is no answer/);
  });
});
