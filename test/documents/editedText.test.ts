import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EditedText } from '../../src/engine/documents/documents';
import { type Tokenizer, builtinTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from '../tokenizer/awkwardText';
import { CUTTABLE } from '../tokenizer/cuttable';

const never = new AbortController().signal;

/** Parts of which long texts are made: several blocks, some of them without any cut. */
function longText(): fc.Arbitrary<string> {
  const run = fc
    .tuple(
      fc.constantFrom('a', ' ', '\n', '\r\n', '1', '!', '好', '👍', '\ud83d', "'s", 'x ,', '/\n'),
    )
    .chain(([part]) => fc.nat({ max: 9000 }).map((times) => part.repeat(times / part.length)));
  const prose = fc
    .array(awkwardText(), { minLength: 1, maxLength: 8 })
    .chain((texts) => fc.nat({ max: 12_000 }).map((length) => repeated(texts.join(' '), length)));
  const part = fc.oneof({ weight: 3, arbitrary: prose }, { weight: 1, arbitrary: run });
  return fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''));
}

function repeated(text: string, length: number): string {
  return text === '' ? '' : text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Parts of the text as fractions of it, so that they fit whatever text there is. */
const someEdits = fc.array(
  fc.record({
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 9000 })),
    text: fc.oneof(
      { weight: 4, arbitrary: awkwardText() },
      { weight: 1, arbitrary: longText() },
      { weight: 2, arbitrary: fc.constantFrom('', ' ', '\n', 'a', "'", '\udc4d', '\ud83d') },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

/** The text as the tokenizer can spell it. */
const spellable = (name: string, text: string): string =>
  name === 'char' ? text.replaceAll(/[^\0-\u2fff]/gu, '') : text;

function expectWhole(text: EditedText, tokenizer: Tokenizer, expected: string): void {
  const answer = text.tokens({ start: 0, end: expected.length });
  const { ids, offsets } = tokenizer.encodeWithOffsets(expected);
  expect(answer.ids).toEqual(ids);
  let last = 0;
  expect(answer.ends).toEqual(offsets.map(({ utf16 }) => (last = Math.max(last, utf16[1]))));
  expect(answer.partial).toEqual(offsets.flatMap(({ partial }, i) => (partial ? [i] : [])));
}

describe.each(CUTTABLE)('%s', (name, load) => {
  test('tokens are those of the whole text, whatever the edits', async () => {
    const tokenizer = await load();
    await fc.assert(
      fc.asyncProperty(longText(), someEdits, fc.nat(), async (first, edits, seed) => {
        const text = new EditedText(tokenizer);
        let now = spellable(name, first);
        text.edit([{ start: 0, end: 0, text: now }]);
        for (const { from, length, text: added } of edits) {
          const start = Math.floor(from * now.length);
          const end = Math.min(now.length, start + length);
          const change: Change = { start, end, text: spellable(name, added) };
          now = now.slice(0, start) + change.text + now.slice(end);
          text.edit([change]);
          // Blocks are tokenized in any order: some by a look at a part, the rest when they are counted.
          const screen = seed % (now.length + 1);
          text.tokens({ start: screen, end: screen + 2000 });
        }
        expect(text.length).toBe(now.length);
        const { tokens, characters } = await text.count(undefined, never);
        expect([tokens, characters]).toEqual([
          tokenizer.encode(now).length,
          Array.from(now).length,
        ]);
        expectWhole(text, tokenizer, now);
      }),
      { numRuns: 6 },
    );
  });
});

describe('a range', () => {
  const open = async (content: string): Promise<EditedText> => {
    const text = new EditedText(await builtinTokenizer('cl100k_base'));
    text.edit([{ start: 0, end: 0, text: content }]);
    return text;
  };

  test('gives every token that has a part in it', async () => {
    const text = await open('Hello world, hello');
    const { start, ends, ids } = text.tokens({ start: 7, end: 12 });
    expect({ start, ends, ids }).toEqual({ start: 5, ends: [11, 12], ids: [1917, 11] });
    expect(text.tokens({ start: 18, end: 99 }).ids).toEqual([]);
  });

  test('says which tokens hold half a character', async () => {
    const text = await open('a 🙃🙃');
    const { ends, partial } = text.tokens({ start: 0, end: 6 });
    expect(partial.length).toBeGreaterThan(0);
    expect(ends.at(-1)).toBe(6);
  });

  test('is counted as whole tokens and code points', async () => {
    const text = await open('Hello wörld 👍 '.repeat(2000));
    const { length } = text;
    const whole = await text.count(undefined, never);
    expect(await text.count([{ start: 0, end: length }], never)).toEqual(whole);
    const first = await text.count([{ start: 0, end: 14 }], never);
    expect(first).toMatchObject({ characters: 13, tokens: 6 });
    const parts = [
      { start: 1, end: 3 },
      { start: 3, end: 5 },
    ];
    expect(await text.count(parts, never)).toMatchObject({ tokens: 1, characters: 4 });
  });

  test('stays the same where an edit is out of the text', async () => {
    const text = await open('abc');
    const outside = [
      { start: 0, end: 3, text: '' },
      { start: 1, end: 1, text: 'x' },
    ];
    expect(() => text.edit(outside)).toThrow(expect.objectContaining({ code: 'document-range' }));
    expect([text.version, text.length]).toEqual([1, 3]);
  });
});

test('a count can be given up, and goes on with the text of the edits that came meanwhile', async () => {
  const tokenizer = await builtinTokenizer('gpt2');
  const text = new EditedText(tokenizer);
  const line = 'the quick brown fox jumps over the lazy dog 12345\n';
  text.edit([{ start: 0, end: 0, text: line.repeat(20_000) }]);
  const controller = new AbortController();
  const given = text.count(undefined, controller.signal);
  controller.abort();
  await expect(given).rejects.toThrow(expect.objectContaining({ code: 'cancelled' }));

  const counted = text.count(undefined, never);
  text.edit([{ start: 0, end: line.length, text: '' }]);
  const { version, tokens } = await counted;
  expect([version, tokens]).toEqual([2, tokenizer.encode(line.repeat(19_999)).length]);
});

describe('colours', () => {
  const line = 'one two three, four five six seven eight nine\n';
  const shown = { start: 30_000, end: 32_000 };
  const colours = (
    text: EditedText,
    range: { start: number; end: number },
  ): Map<number, number> => {
    const { ends, parity } = text.tokens(range);
    return new Map(ends.map((end, index) => [end, (parity + index) % 2]));
  };
  const open = async (): Promise<EditedText> => {
    const text = new EditedText(await builtinTokenizer('gpt2'));
    text.edit([{ start: 0, end: 0, text: line.repeat(2000) }]);
    return text;
  };

  test('stay while the text before is counted, and alternate over the whole text then', async () => {
    const text = await open();
    const before = colours(text, shown);
    await text.count(undefined, never);
    expect(colours(text, shown)).toEqual(before);
    const all = colours(text, { start: 0, end: text.length });
    for (const [end, colour] of before) expect(all.get(end)).toBe(colour);
  });

  test('stay where they are while one types further up, and before the place where one types', async () => {
    const text = await open();
    const before = colours(text, shown);
    text.edit([{ start: 5, end: 5, text: ' word' }]);
    const moved = colours(text, { start: shown.start + 5, end: shown.end + 5 });
    expect([...moved.values()]).toEqual([...before.values()]);
    text.edit([{ start: 31_000, end: 31_000, text: ' word' }]);
    const typed = colours(text, { start: shown.start + 5, end: shown.end + 10 });
    for (const [end, colour] of moved) if (end < 30_990) expect(typed.get(end)).toBe(colour);
  });
});
