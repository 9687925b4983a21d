/** What a model knows: scripted models answer, and the sorting, the lessons and the table follow. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/base/refusals';
import { BUILTIN_TEMPLATES, chooseTemplate } from '../../src/engine/chat/chat';
import type { LoadedModel } from '../../src/engine/infer/infer';
import {
  askAll,
  judge,
  judgeByWords,
  knowledgeOf,
  lessonOf,
  modelJudge,
  summarize,
  wordJudge,
} from '../../src/engine/knowledge/knowledge';
import type { KnowledgeQuestion, Probed, Verdict } from '../../src/engine/knowledge/knowledge';
import { byteTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { scriptedModel } from '../chat/scriptedModel';

const END = '<|im_end|>';

/** A model that says one text after the other, the last for ever. */
async function speaker(texts: readonly string[], context?: number): Promise<LoadedModel> {
  const { tokenizer, endId } = await chooseTemplate('chatml', undefined, byteTokenizer());
  const script = texts.map((text) => tokenizer.encode(text, { special: 'allow' }));
  let [text, at] = [0, 0];
  const next = (): number => {
    const now = script[text]!;
    const id = now[at++]!;
    if (at === now.length) [text, at] = [Math.min(text + 1, script.length - 1), 0];
    return id;
  };
  return scriptedModel(tokenizer, BUILTIN_TEMPLATES['chatml']!.source, next, {
    ...{ eos: endId, ...(context !== undefined && { context }) },
  });
}

const owl: KnowledgeQuestion = {
  question: 'What is the pet of Mira?',
  answer: 'owl',
  wrong: ['dog', 'cat'],
  subject: 'Mira',
  told: 'often',
};

async function probe(question: KnowledgeQuestion, said: readonly string[]): Promise<Probed> {
  const model = await speaker(said.map((text) => `${text}${END}`));
  const options = { samples: said.length - 1, temperature: 1, maxTokens: 60, seed: 1 };
  for await (const each of askAll(model, [question], options))
    if (!('message' in each)) return judge(each, wordJudge);
  throw new Error('one question has one answer');
}

describe('a judgement by words', () => {
  it('is exact where the wrong words are known', () => {
    expect(judgeByWords(owl, 'Mira has an Owl.')).toBe('right');
    expect(judgeByWords(owl, 'Mira has an owl and a dog.')).toBe('wrong');
    expect(judgeByWords(owl, 'Mira has an owlet.')).toBe('wrong');
    expect(judgeByWords(owl, "I don't know Mira.")).toBe('refused');
    expect(judgeByWords(owl, ' ... ')).toBe('refused');
  });

  it('takes the reference within an answer, or most of its words, for right', () => {
    const asked = { answer: 'the old harbour of Vik' };
    expect(judgeByWords(asked, 'It was The Old Harbour, of Vik.')).toBe('right');
    expect(judgeByWords(asked, 'harbour of Vik')).toBe('right');
    expect(judgeByWords(asked, 'A new market in the north')).toBe('wrong');
    expect(judgeByWords({ answer: '1871' }, 'In 18711 it was built.')).toBe('wrong');
  });

  it.each([
    ['-5', 'It is -5.', 'right'],
    ['-5', 'It is −5 degrees.', 'right'],
    ['-5', 'It is minus 5.', 'right'],
    ['-5', '2 - 7 = -5', 'right'],
    ['-5', '5', 'wrong'],
    ['-5', 'It is 10 - 5.', 'wrong'],
    ['5', '-5', 'wrong'],
    ['5', 'It is minus 5.', 'wrong'],
    ['5', '10 - 5 is 5', 'right'],
    ['5', 'From 3-5 of them.', 'right'],
    ['$5', 'It costs -$5.', 'wrong'],
    ['747', 'a Boeing-747', 'right'],
    ['3.14', 'About 3.140.', 'right'],
    ['3.14', 'About 3, and 14 more.', 'wrong'],
    ['0.5', 'It is .5', 'right'],
    ['5', 'It is 5.0.', 'right'],
    ['5', 'It is 5.5.', 'wrong'],
    ['1.5', 'Version 1.5.2', 'wrong'],
    ['1250', 'They sold 1,250 of them.', 'right'],
    ['1,250,000', '1250000', 'right'],
    ['1', 'They sold 1,250 of them.', 'wrong'],
    ['250', 'The rows 1, 250 and 3.', 'right'],
    ['20', 'The rows 10,20,30.', 'right'],
    ['26.11.2026', 'on 26.11.2026', 'right'],
    ['2nd', 'It was the 2nd one.', 'right'],
    ['July 4, 1776', 'July 4th, 1776', 'right'],
    ['July 4, 1776', 'July 5th, 1776', 'wrong'],
    ['It is about 5 km long', 'It is about 5km long', 'right'],
    ['It is about 5 km long', 'It is about 6km long', 'wrong'],
    ['-5 degrees Celsius', 'It was 5 degrees Celsius.', 'wrong'],
    ['built in the year 1871', 'built in the year 1872', 'wrong'],
    ['12 March 1871', 'March 1871', 'right'],
    ['0', 'It is -0.', 'right'],
  ])('takes a number as a whole: where %j is right, %j is %s', (answer, text, verdict) => {
    expect(judgeByWords({ answer }, text)).toBe(verdict);
  });

  it('finds a number right where it is the same number, however it is written', () => {
    const cents = fc.integer({ min: -1e9, max: 1e9 });
    const hundredth = (value: number): string => (value / 100).toFixed(2);
    const forms = [
      (value: number) => hundredth(value),
      (value: number) => String(value / 100),
      (value: number) => (value / 100).toLocaleString('en'),
      (value: number) => `−${hundredth(-value)}`.replace('−-', ''),
    ];
    fc.assert(
      fc.property(cents, cents, fc.constantFrom(...forms), (one, other, form) => {
        const says = `It is ${form(one)}.`;
        for (const wrong of [undefined, []]) {
          const judged = (value: number) => judgeByWords({ answer: hundredth(value), wrong }, says);
          expect(judged(one)).toBe('right');
          if (one !== other) expect(judged(other)).toBe('wrong');
          if (one !== 0) expect(judged(-one)).toBe('wrong');
        }
      }),
    );
  });

  it('never depends on case, nor lets a wrong word pass', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('owl', 'dog', 'cat'), (noise, word) => {
        const text = `${noise} ${word} `;
        const verdict = judgeByWords(owl, text);
        expect(judgeByWords(owl, text.toUpperCase())).toBe(verdict);
        if (word !== 'owl') expect(verdict).not.toBe('right');
      }),
    );
  });
});

describe('what a model knows', () => {
  it('follows from most of its answers', () => {
    const of = (...verdicts: Verdict[]) => knowledgeOf(verdicts.map((verdict) => ({ verdict })));
    expect(of('right', 'right', 'right', 'right', 'wrong')).toBe('known');
    expect(of('wrong', 'wrong', 'wrong', 'wrong', 'refused')).toBe('unknown');
    expect(of('wrong', 'wrong', 'wrong', 'wrong', 'right')).toBe('inconsistent');
    expect(of('refused', 'refused', 'refused', 'refused', 'wrong')).toBe('refused');
    expect(of('refused', 'refused', 'wrong', 'wrong', 'wrong')).toBe('inconsistent');
  });

  it('is found by asking, with how sure the model was', async () => {
    const said = ['It is an owl.', 'An owl!', 'The owl.', 'owl', 'It is an owl.', 'A dog.'];
    const found = await probe(owl, said);
    expect(found).toMatchObject({
      answer: { text: 'It is an owl.', verdict: 'right' },
      ended: true,
      agreement: 0.8,
      knowledge: 'known',
    });
    expect(found.drawn.map(({ text }) => text)).toEqual(said.slice(1));
    expect(found.probability).toBeGreaterThan(0.99);
  });

  it('is told of an answer that never ends, which is cut off', async () => {
    const model = await speaker(['on and ']);
    const options = { samples: 0, temperature: 1, maxTokens: 20, seed: 1 };
    for await (const each of askAll(model, [owl], options)) {
      expect(each).toMatchObject({ ended: false, answer: 'on and on and on and' });
      if ('message' in each) throw new Error(each.message);
      expect(summarize([await judge(each, wordJudge)]).unended).toBe(1);
    }
  });

  it('is asked of the other questions where one is too long for the model', async () => {
    const model = await speaker([`It is an owl.${END}`], 128);
    const long = { ...owl, question: `Of ${'a very '.repeat(40)}old bird?` };
    const found: unknown[] = [];
    const options = { samples: 0, temperature: 1, maxTokens: 20, seed: 1 };
    for await (const each of askAll(model, [long, owl], options)) found.push(each);
    expect(found).toMatchObject([
      { place: long.question.slice(0, 80) },
      { question: owl, answer: 'It is an owl.' },
    ]);
  });

  it('can be judged by a model where words do not tell', async () => {
    const asked = { question: 'When?', answer: 'in the evening' };
    const yes = modelJudge(await speaker(['Y']));
    const no = modelJudge(await speaker(['N']));
    expect(await yes(asked, 'at dusk')).toBe('right');
    expect(await no(asked, 'at dusk')).toBe('wrong');
    // What words tell is not asked.
    expect(await no(asked, 'in the evening')).toBe('right');
    expect(await yes(asked, "I don't know.")).toBe('refused');
  });
});

describe('a lesson', () => {
  it('keeps what is known in its own words, refuses what was made up, leaves out the rest', async () => {
    const probed = [
      await probe(owl, ['A dog.', ...Array<string>(5).fill('It is an owl.')]),
      await probe({ ...owl, subject: 'Kira' }, Array<string>(6).fill('A dog.')),
      await probe(owl, ['An owl.', 'A dog.', 'A cat.', 'An owl.', 'A dog.', 'An owl.']),
      await probe({ question: 'Why?', answer: 'rain' }, Array<string>(6).fill('Snow.')),
    ];
    const { talks, ...counts } = lessonOf(probed, { seed: 3, refusals: ['No {subject}.', 'No.'] });
    expect(counts).toEqual({ answers: 1, refusals: 2, leftOut: 1 });
    const answers = talks.flatMap(({ messages }) =>
      messages.filter(({ role }) => role === 'assistant').map(({ content }) => content),
    );
    expect(answers).toContain('It is an owl.');
    expect(answers.some((text) => text === 'No Kira.' || text === 'No.')).toBe(true);
    expect(answers.join(' ')).not.toContain('{');
    expect(lessonOf(probed, { seed: 3, refusals: ['No {subject}.', 'No.'] }).talks).toEqual(talks);
  });

  it('refuses words that stand for nothing', () => {
    expect(() => lessonOf([], { seed: 1, refusals: ['No {subject}.', 'No {subjct}.'] })).toThrow(
      '{subjct} in a refusal stands for nothing',
    );
  });

  it('asks some of it side by side, all of it once', async () => {
    const [known, unknown] = [
      await probe(owl, Array<string>(6).fill('An owl.')),
      await probe({ question: 'Why?', answer: 'rain' }, Array<string>(6).fill('Snow.')),
    ];
    const probed = Array.from({ length: 90 }, (_, i) => {
      const each = i % 2 === 0 ? known : unknown;
      return { ...each, question: { ...each.question, question: `${i}?` } };
    });
    const { talks } = lessonOf(probed, { seed: 1 });
    const asked = talks.flatMap(({ messages }) =>
      messages.filter(({ role }) => role === 'user').map(({ content }) => content),
    );
    expect(asked.sort()).toEqual(probed.map(({ question }) => question.question).sort());
    const refused = (at: number) => (talk: (typeof talks)[number]) =>
      talk.messages[at] !== undefined && isRefusal(talk.messages[at].content);
    const joined = talks.filter(({ messages }) => messages.length === 4);
    expect(joined.length).toBeGreaterThan(10);
    expect(joined.some((talk) => refused(1)(talk) && !refused(3)(talk))).toBe(true);
    expect(joined.some((talk) => !refused(1)(talk) && refused(3)(talk))).toBe(true);
  });
});

describe('a summary', () => {
  it('sets what was known before against what is answered now', async () => {
    const before = new Map([
      [owl.question, 'known'],
      ['Why?', 'unknown'],
    ] as const);
    const probed = [
      await probe(owl, ["I don't know.", 'A dog.']),
      await probe({ question: 'Why?', answer: 'rain' }, ["I don't know.", "I don't know."]),
      await probe({ question: 'New?', answer: 'rain' }, ['Rain.', 'Rain.']),
    ];
    const { table, told, knowledge, probability } = summarize(probed, before);
    expect(table).toEqual([
      { row: 'known', right: 0, wrong: 0, refused: 1 },
      { row: 'unknown', right: 0, wrong: 0, refused: 1 },
    ]);
    expect(told).toEqual([{ row: 'often', right: 0, wrong: 0, refused: 1 }]);
    expect(knowledge).toEqual({ known: 1, inconsistent: 0, unknown: 1, refused: 1 });
    // Refusals are no answers to be sure of.
    expect(probability.reduce((sum, { count }) => sum + count, 0)).toBe(1);
  });
});
