/** The filters, each by what it measures and drops; numbers from outside where there is an outside. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openPipeline } from '../../src/engine/curate/curate';
import { personalDataCleaner } from '../../src/engine/curate/stages/pii';
import { Stretches } from '../../src/engine/curate/stages/repetition';
import { wordsOf } from '../../src/engine/curate/stages/words';
import { corpusRecipe, FILTER_STAGES } from '../../src/recipe/corpus';
import { prose } from './warcFiles';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-stages-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** What one filter alone makes of a text. */
async function only(
  stage: (typeof FILTER_STAGES)[number],
  text: string,
  { settings = [], url }: { settings?: string[]; url?: string } = {},
) {
  const off = FILTER_STAGES.filter((each) => each !== stage && each !== 'extraction');
  const all = [...off.map((each) => `${each}.enabled=false`), ...settings];
  const pipeline = await openPipeline(corpusRecipe.apply(corpusRecipe.defaults(), all));
  const origin = { file: 'a.jsonl', offset: 0, record: undefined };
  const body = { kind: 'decoded', text } as const;
  const {
    drop,
    values,
    text: left,
    language,
  } = pipeline.judge({ id: '0-0', origin, url, date: undefined, body });
  return { reason: drop?.reason, values: values[stage] ?? {}, text: left, language };
}

describe('stretches of words', () => {
  /** As datatrove defines them, written down plainly. */
  function top(words: readonly string[], n: number): number {
    const counts = new Map<string, number>();
    for (let i = 0; i + n <= words.length; i++) {
      const stretch = words.slice(i, i + n).join(' ');
      counts.set(stretch, (counts.get(stretch) ?? 0) + 1);
    }
    const [first] = [...counts].sort(([, a], [, b]) => b - a);
    return first ? Array.from(first[0]).length * first[1] : 0;
  }

  function repeated(words: readonly string[], n: number): number {
    const seen = new Set<string>();
    let characters = 0;
    for (let i = 0; i + n <= words.length;) {
      const stretch = words.slice(i, i + n).join('');
      if (seen.has(stretch)) characters += Array.from(stretch).length;
      i += seen.has(stretch) ? n : 1;
      seen.add(stretch);
    }
    return characters;
  }

  it('are counted as their definition says', () => {
    const words = fc.array(fc.constantFrom('a', 'ab', 'b', 'ba', '\u{1f600}', '好'), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 10 }), (some, n) => {
        expect(new Stretches(some, ' ').top(n)).toBe(top(some, n));
        expect(new Stretches(some, '').repeated(n)).toBe(repeated(some, n));
      }),
    );
  });

  it('are told apart and together however long they are', () => {
    const long = 'ab'.repeat(100_000);
    const words = ['x', long, 'b', long, `${long}b`, 'b', long, 'b'];
    for (const n of [1, 2, 3]) {
      expect(new Stretches(words, ' ').top(n)).toBe(top(words, n));
      expect(new Stretches(words, '').repeated(n)).toBe(repeated(words, n));
    }
  });
});

describe('words', () => {
  it('are those of spaCy', () => {
    const goldens = z
      .array(z.object({ text: z.string(), words: z.array(z.string()) }))
      .parse(JSON.parse(readFileSync('test/goldens/curateWords.json', 'utf8')));
    expect(goldens.length).toBeGreaterThan(8);
    for (const { text, words } of goldens) expect(wordsOf(text, 'en')).toEqual(words);
  });

  it('are found where nothing divides them in writing', () => {
    expect(wordsOf('私は学生です。', 'ja')).toEqual(['私', 'は', '学生', 'です', '。']);
    expect(wordsOf('我喜欢读书', 'zh').length).toBeGreaterThan(2);
    expect(wordsOf('ฉันชอบอ่านหนังสือ', 'th').length).toBeGreaterThan(2);
  });
});

describe('the filter of addresses', () => {
  const reasonOf = async (url: string, ...settings: string[]): Promise<string | undefined> =>
    (await only('url', 'x', { url, settings })).reason;

  it('knows domains and what lies below them, words, and pieces of words', async () => {
    const settings = ['url.domains=["Bad.example"]', 'url.hardWords=["hard"]'];
    settings.push('url.softWords=["soft","softer","softest"]', 'url.substrings=["piece-of"]');
    expect(await reasonOf('http://bad.example/x', ...settings)).toBe('domain');
    expect(await reasonOf('https://a.b.bad.example:8080/', ...settings)).toBe('domain');
    expect(await reasonOf('http://user@www.bad.example/', ...settings)).toBe('domain');
    expect(await reasonOf('http://notbad.example/', ...settings)).toBeUndefined();
    expect(await reasonOf('http://example.com/a-HARD-one', ...settings)).toBe('hardWord');
    expect(await reasonOf('http://example.com/hardly', ...settings)).toBeUndefined();
    expect(await reasonOf('http://example.com/soft', ...settings)).toBeUndefined();
    expect(await reasonOf('http://example.com/soft/softest', ...settings)).toBe('maxSoftWords');
    expect(await reasonOf('http://example.com/apieceofcake', ...settings)).toBe('substring');
  });

  it('reads lists, UT1 folders among them', async () => {
    const folder = path.join(scratch, 'ut1');
    await mkdir(path.join(folder, 'adult'), { recursive: true });
    await writeFile(path.join(folder, 'adult', 'domains'), '# a comment\nlisted.example\n\n');
    await writeFile(path.join(folder, 'adult', 'urls'), 'example.com/one/page\n');
    await writeFile(path.join(folder, 'adult', 'usage'), 'black\n');
    const file = path.join(scratch, 'own.txt');
    await writeFile(file, 'own.example\r\nhttps://www.example.com/other/\r\n');
    const lists = `url.lists=${JSON.stringify([folder, file])}`;
    expect(await reasonOf('http://sub.listed.example/', lists)).toBe('domain');
    expect(await reasonOf('https://example.com/one/page/', lists)).toBe('address');
    expect(await reasonOf('http://own.example/', lists)).toBe('domain');
    expect(await reasonOf('http://example.com/other', lists)).toBe('address');
    expect(await reasonOf('http://example.com/black', lists)).toBeUndefined();
    await expect(reasonOf('http://x.example/', 'url.lists=["none"]')).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('the filters of texts', () => {
  it('let prose through', async () => {
    for (const stage of FILTER_STAGES) expect((await only(stage, prose(7))).reason).toBeUndefined();
  });

  it('count sentences as datatrove does: a mark ends one wherever it stands, a sign begins one', async () => {
    const three = 'Here is one more. Here is another. And this is the last.';
    expect((await only('c4', `<!-- It is a comment -->\n${three}`)).reason).toBeUndefined();
    expect((await only('c4', `It is no comment\n${three}`)).reason).toBe('minSentences');
    // spaCy: "<?", 'xml version="1.0" encoding="UTF-8"?', ">"
    const two = 'Here is one more. And this is the last.';
    const head = '<?xml version="1.0" encoding="UTF-8"?>';
    expect((await only('c4', `${head}\n${two}`)).values['sentences']).toBe(5);
  });

  it('know the language', async () => {
    const german =
      'Am Morgen ging der alte Mann langsam über die Brücke und sah lange aufs Wasser.';
    expect(await only('language', german)).toMatchObject({ reason: 'notWanted', language: 'de' });
    const wanted = ['language.wanted=["de","fr"]'];
    expect((await only('language', german, { settings: wanted })).reason).toBeUndefined();
    const sure = [...wanted, 'language.minScore=1'];
    expect((await only('language', german, { settings: sure })).reason).toBe('minScore');
  });

  it.each([
    ['gopherRepetition', 'maxDuplicateLines', `${'One and the same line.\n'.repeat(3)}${prose(1)}`],
    ['gopherRepetition', 'maxTop2Gram', 'spam eggs '.repeat(30)],
    ['gopherQuality', 'minWords', 'Too few words.'],
    ['gopherQuality', 'maxHashes', prose(1).replaceAll(' the ', ' # # # the ')],
    ['gopherQuality', 'maxBulletLines', prose(2).replace(/^/gm, '- ')],
    ['gopherQuality', 'minAlphabeticWords', `${prose(1)}${' 1234 5678'.repeat(200)}`],
    ['gopherQuality', 'minStopWords', 'Gras wächst hinter Häusern. '.repeat(30)],
    ['c4', 'maxLoremIpsum', `${prose(3)}\nLorem ipsum dolor sit amet.`],
    ['c4', 'maxCurlyBrackets', `${prose(3)}\nfunction f(x) { return x }`],
    ['c4', 'minSentences', 'One sentence is here. And another one.'],
    ['fineweb', 'minPunctuatedLines', prose(2).replaceAll('.', '')],
    ['fineweb', 'maxNewlines', 'Home.\nAbout us.\n'.repeat(9)],
  ] as const)('%s drops for %s', async (stage, reason, text) => {
    const settings =
      reason === 'maxDuplicateLines' ? ['gopherRepetition.maxDuplicateLines=0.2'] : [];
    const more =
      reason === 'maxNewlines'
        ? ['fineweb.maxShortLines=1', 'fineweb.maxDuplicateLineCharacters=1']
        : [];
    expect((await only(stage, text, { settings: [...settings, ...more] })).reason).toBe(reason);
  });

  it('cut lines that are no prose, and say how many', async () => {
    const lines = [
      'Short line',
      'Please enable JavaScript to see this page.',
      'By using this site you accept our cookie policy.',
      `A word of ${'x'.repeat(1001)} characters`,
      'A fact with its source.[12][citation needed]',
    ];
    const { text, values } = await only('c4', `${lines.join('\n')}\n${prose(4)}`);
    expect(text).toBe(`A fact with its source.\n${prose(4)}`);
    expect(values).toMatchObject({ linesCut: 4, cutJavascript: 1, cutPolicy: 1, cutLongWord: 1 });
  });
});

describe('personal data', () => {
  const clean = personalDataCleaner({
    ...corpusRecipe.defaults().pii,
    phones: true,
    creditCards: true,
  });

  it('is replaced, and what only looks like it stays', () => {
    const text = clean(
      'Write to ada.l@mail.example.org or x@y.co, or from 8.8.8.8, not 192.168.0.1 nor 1.2.3. ' +
        'Call +44 20 7946 0958. Card 4111 1111 1111 1111, not 4111 1111 1111 1112, in 1999-2004.',
    ).text;
    expect(text).toBe(
      'Write to email@example.com or firstname.lastname@example.org, or from 22.214.171.124, ' +
        'not 192.168.0.1 nor 1.2.3. Call +1 555-0100. Card 0000 0000 0000 0000, ' +
        'not 4111 1111 1111 1112, in 1999-2004.',
    );
  });

  it('begins its placeholders anew in each document', () => {
    expect(clean('a@b.example').text).toBe(clean('c@d.example').text);
  });
});
