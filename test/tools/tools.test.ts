/** Each tool through the room's door, against arithmetic, search and limits made in other ways. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  calculate,
  javascriptTool,
  openTools,
  PassageIndex,
  passagesOf,
  runTool,
} from '../../src/engine/tools/tools';
import type { Tool } from '../../src/engine/tools/tools';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-tools-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the calculator', () => {
  it.each([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['2^3^2', '512'],
    ['-2^2', '-4'],
    ['(-2)**2', '4'],
    ['2^-2', '0.25'],
    ['0.1 + 0.2', '0.3'],
    ['1/3', '1/3'],
    ['1/3 + 1/6', '0.5'],
    ['1 / 3 * 3', '1'],
    ['1,234 × 2 ÷ 4 − 1', '616'],
    ['-7 % 3', '2'],
    ['7 % -3', '-2'],
    ['.5 + 2e-3', '0.502'],
    ['-0.05', '-0.05'],
    ['(-1)^1000001', '-1'],
    ['- - 3', '3'],
    ['0^0', '1'],
  ])('%s is %s', (text, result) => expect(calculate(text)).toBe(result));

  it.each([
    ['', /nothing to compute/],
    ['1 / 0', /division by zero/],
    ['5 % 0', /division by zero/],
    ['0 ^ -1', /division by zero/],
    ['9^9^9^9', /too long/],
    ['1e99999', /too long/],
    ['2^0.5', /whole number/],
    ['(1 + 2', /not closed/],
    ['1 + ', /too early/],
    ['1 2', /unexpected 2/],
    ['1,23', /nothing to compute with/],
    ['process.exit()', /"p" is nothing/],
    ['('.repeat(500), /too deeply/],
    ['1'.repeat(1001), /longer/],
  ])('%s is refused in words', (text, reason) => expect(() => calculate(text)).toThrow(reason));

  interface Tree {
    readonly text: string;
    readonly value: bigint;
  }
  const whole = fc
    .bigInt({ min: -(10n ** 12n), max: 10n ** 12n })
    .map((value): Tree => ({ text: value < 0n ? `(${value})` : String(value), value }));
  const tree = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      whole,
      fc
        .tuple(tie('tree'), fc.constantFrom('+', '-', '*'), tie('tree'))
        .map(([a, sign, b]): Tree => ({
          text: `(${a.text} ${sign}${b.text})`,
          value:
            sign === '+' ? a.value + b.value : sign === '-' ? a.value - b.value : a.value * b.value,
        })),
    ),
  })).tree;

  it('computes what BigInt computes', () => {
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        fc.pre(text.length <= 1000);
        expect(calculate(text)).toBe(String(value));
      }),
    );
  });

  it('keeps fractions exact: what is divided and multiplied again is the same', () => {
    const number = fc.bigInt({ min: 1n, max: 10n ** 20n });
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        expect(calculate(`${a} / ${b} / ${c} * ${b} * ${c}`)).toBe(String(a));
        const scaled = `((${a} / ${b} + 1 / ${c}) * ${b} * ${c})`;
        expect(calculate(scaled)).toBe(String(a * c + b));
        expect(calculate(`${a} % ${b}`)).toBe(String(a % b));
      }),
    );
  });

  it('answers or refuses any text, and quickly', () => {
    const text = fc.stringMatching(/^[0-9.+*/%^()e, -]{0,40}$/);
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (each) => {
        try {
          expect(calculate(each)).toMatch(/^-?\d+([./]\d+)?$/);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error);
          expect(thrown).not.toBeInstanceOf(RangeError);
          expect(thrown).not.toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});

describe('search', () => {
  const texts = ['the cat sat', 'the dog sat on the cat', 'a bird', 'the the the the'];
  const indexOf = (all: readonly string[]): PassageIndex => {
    const index = new PassageIndex();
    for (const [at, text] of all.entries()) index.add({ source: String(at), text });
    return index;
  };

  it('scores as BM25 written out by hand', () => {
    const [best, second] = indexOf(texts).search('Cat?', 5);
    const idf = Math.log(1 + (4 - 2 + 0.5) / (2 + 0.5));
    const average = (3 + 6 + 2 + 4) / 4;
    const score = (words: number): number =>
      (idf * 2.2) / (1 + 1.2 * (0.25 + (0.75 * words) / average));
    expect(best?.source).toBe('0');
    expect(best?.score).toBeCloseTo(score(3), 10);
    expect(second?.score).toBeCloseTo(score(6), 10);
    expect(indexOf(texts).search('whale', 5)).toEqual([]);
  });

  it('finds a passage by a word that no other has', () => {
    const word = fc.stringMatching(/^[abcde]{1,6}$/);
    const passage = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(passage, { minLength: 1 }), fc.nat(), (all, at) => {
        const place = at % all.length;
        const marked = all.map((text, i) => (i === place ? `${text} Zebra` : text));
        const hits = indexOf(marked).search('zebra', 3);
        expect(hits.map(({ source }) => source)).toEqual([String(place)]);
      }),
    );
  });

  it('cuts passages without losing a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b ', '\n', ' ') }), (text) => {
        const pieces = [...passagesOf(text, 10)];
        expect(pieces.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(10);
      }),
    );
  });

  it('quotes passages of a folder with their files, and says when it finds nothing', async () => {
    writeFileSync(path.join(folder, 'a.txt'), 'Mara lives in Fenwick.\nShe has a goat.\n');
    writeFileSync(path.join(folder, 'b.jsonl'), '{"text":"Ivo lives in Tarn."}\n');
    const [search] = await openTools([{ name: 'search', folder }]);
    const ask = async (input: string): Promise<string> => (await runTool(search!, input)).output;
    expect(await ask('Where does Ivo live?')).toMatch(/^b\.jsonl\S*: "Ivo lives in Tarn\."$/);
    expect(await ask('goat')).toContain('a.txt: "Mara lives in Fenwick.\nShe has a goat."');
    expect(await ask('whale')).toBe('nothing found');
    const file = path.join(folder, 'b.jsonl');
    const [alone] = await openTools([{ name: 'search', folder: file }]);
    expect((await runTool(alone!, 'Tarn')).output).toMatch(/^b\.jsonl\S*: "Ivo/);
  });

  it('is refused without a folder that is there', async () => {
    await expect(openTools([{ name: 'search' }])).rejects.toThrow(/no folder/);
    const missing = path.join(folder, 'missing');
    await expect(openTools([{ name: 'search', folder: missing }])).rejects.toThrow(/missing/);
  });
});

describe('JavaScript', () => {
  const run = (program: string, tool = javascriptTool()) => runTool(tool, program);

  it('gives what is printed and the last value', async () => {
    expect(await run('console.log("a", 1); [1, 2].map((x) => x * 21)')).toMatchObject({
      outcome: 'answered',
      output: 'a 1\n[21,42]',
    });
    expect((await run('2n ** 70n')).output).toBe(String(2n ** 70n));
    expect((await run('let x = 1')).output).toBe('undefined');
    expect((await run('Promise.resolve(5).then((x) => console.log(x)); "then"')).output).toBe(
      '5\nthen',
    );
  });

  it.each(['process', 'require("fs")', 'fetch("http://127.0.0.1")', 'setTimeout'])(
    'reaches nothing outside: %s',
    async (program) => {
      const { outcome, output } = await run(program);
      expect(outcome).toBe('failed');
      expect(output).toMatch(/not defined/);
    },
  );

  it('reaches nothing through constructors and imports', async () => {
    const escape = "this.constructor.constructor('return typeof process')()";
    expect((await run(escape)).output).toBe('undefined');
    const tell = '() => console.log("reached"), () => console.log("refused")';
    expect((await run(`import("fs").then(${tell}); 0`)).output).toMatch(/^refused/);
  });

  it('is stopped when it does not end, fills the memory or calls itself for ever', async () => {
    const quick = javascriptTool({ milliseconds: 50, heapBytes: 4 * 2 ** 20 });
    expect(await run('for (;;) {}', quick)).toMatchObject({
      outcome: 'failed',
      output: 'error: stopped after 50 ms',
    });
    const patient = javascriptTool({ milliseconds: 5000, heapBytes: 2 * 2 ** 20 });
    const greedy = await run('const a = []; for (;;) a.push(new Array(1000).fill(0))', patient);
    expect(greedy.outcome).toBe('failed');
    expect(greedy.output).toMatch(/memory/);
    const deep = await run('const f = () => f() + 1; f()', patient);
    expect(deep.outcome).toBe('failed');
    expect(deep.output).toMatch(/stack/i);
    const late = await run('Promise.resolve().then(() => { for (;;) {} })', quick);
    expect(late).toMatchObject({ outcome: 'failed' });
  });

  it('begins anew each time', async () => {
    const tool = javascriptTool();
    await run('globalThis.kept = 1', tool);
    expect((await run('typeof kept', tool)).output).toBe('undefined');
  });

  it('tells of mistakes in words', async () => {
    expect((await run('1 +')).output).toMatch(/^error: .*(unexpected|SyntaxError)/i);
    expect((await run('throw new Error("no")')).output).toBe('error: no');
  });
});

describe('a tool that does not behave', () => {
  const tool = (run: Tool['run']): Tool => ({
    ...{ name: 'odd', description: '', input: { name: 'text', description: '' } },
    run,
  });

  it('that hangs is not waited for', async () => {
    let told = false;
    const hangs = tool((_, signal) => {
      signal.addEventListener('abort', () => (told = true));
      return new Promise(() => undefined);
    });
    expect(await runTool(hangs, '', { milliseconds: 20 })).toMatchObject({ outcome: 'late' });
    expect(told).toBe(true);
  });

  it('that throws before it begins has failed', async () => {
    const throws = tool(() => {
      throw new Error('broken');
    });
    expect(await runTool(throws, '')).toMatchObject({ outcome: 'failed', output: 'error: broken' });
  });

  it('is left when the caller gives up', async () => {
    const gone = new AbortController();
    const asked = runTool(
      tool(() => new Promise(() => undefined)),
      '',
      { signal: gone.signal },
    );
    gone.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});
