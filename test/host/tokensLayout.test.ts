import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paintedRanges } from '../../src/host/tokens/paintedRanges';
import { layOut } from '../../src/host/tokens/tokenLayout';
import type { Lines } from '../../src/host/tokens/tokenLayout';

const END = { 1: '\n', 2: '\r\n' } as const;

function linesOf(text: string, endLength: 1 | 2): Lines & { readonly texts: readonly string[] } {
  const texts = text.split(END[endLength]);
  return { endLength, count: texts.length, texts, length: (line) => texts[line]!.length };
}

function offsetOf({ texts, endLength }: ReturnType<typeof linesOf>, line: number): number {
  return texts.slice(0, line).reduce((sum, text) => sum + text.length + endLength, 0);
}

/** The tokens of a text that is cut after each of `ends`. */
const tokensOf = (ends: number[], start = 0) => ({
  ...{ version: 1, start, ends, ids: ends.map(() => 0) },
  ...{ parity: 0 as const, partial: [] as number[] },
});

const FIRST = { line: 0, offset: 0 };

describe('the layout of tokens', () => {
  it('colours every character once, alternating from token to token', () => {
    const texts = fc.array(fc.string({ maxLength: 6, unit: fc.constantFrom('a', ' ', 'é') }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        texts,
        fc.constantFrom<1 | 2>(1, 2),
        fc.infiniteStream(fc.nat({ max: 4 })),
        (written, endLength, widths) => {
          const text = written.join(END[endLength]);
          const lines = linesOf(text, endLength);
          const ends: number[] = [];
          for (const width of widths) {
            if ((ends.at(-1) ?? 0) >= text.length) break;
            ends.push(Math.min(text.length, (ends.at(-1) ?? 0) + width));
          }
          const { spans, lineEnds } = layOut(tokensOf(ends), lines, FIRST);
          const colours = lines.texts.map((line) => Array.from(line).map(() => -1));
          spans.forEach((list, colour) => {
            for (const { line, start, end } of list) {
              expect(end).toBeGreaterThan(start);
              for (let at = start; at < end; at++) {
                expect(colours[line]![at]).toBe(-1);
                colours[line]![at] = colour;
              }
            }
          });
          lines.texts.forEach((line, index) => {
            const offset = offsetOf(lines, index);
            const expected = Array.from(line).map(
              (_, at) => ends.findIndex((end) => end > offset + at) % 2,
            );
            expect(colours[index]).toEqual(expected);
          });
          const signs = [...lineEnds[0], ...lineEnds[1]]
            .map(({ line }) => line)
            .sort((a, b) => a - b);
          expect(signs).toEqual(lines.texts.slice(1).map((_, index) => index));
        },
      ),
    );
  });

  it('puts a sign where a line ends, in the colour of the token that has the end', () => {
    const lines = linesOf('ab\n\n\ncd', 1);
    const { spans, lineEnds } = layOut(tokensOf([2, 5, 7]), lines, FIRST);
    expect(spans).toEqual([
      [
        { line: 0, start: 0, end: 2 },
        { line: 3, start: 0, end: 2 },
      ],
      [],
    ]);
    expect(lineEnds).toEqual([
      [],
      [
        { line: 0, character: 2 },
        { line: 1, character: 0 },
        { line: 2, character: 0 },
      ],
    ]);
  });

  it('marks characters that several tokens share', () => {
    const lines = linesOf('a😀b', 1);
    const tokens = { ...tokensOf([1, 3, 3, 4]), partial: [1, 2] };
    expect(layOut(tokens, lines, FIRST).split).toEqual([{ line: 0, start: 1, end: 3 }]);
  });
});

describe('what is painted', () => {
  const many = linesOf(Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n'), 1);
  const shown = (firstLine: number, lastLine: number, firstCharacter = 0) => ({
    ...{ firstLine, lastLine, firstCharacter },
  });

  it('is the lines that are seen and those around them', () => {
    const [range, ...others] = paintedRanges([shown(50, 60)], many, 10, (line) =>
      offsetOf(many, line),
    );
    expect(others).toEqual([]);
    expect(range).toMatchObject({ line: 40, start: offsetOf(many, 40), end: offsetOf(many, 71) });
  });

  it('joins what overlaps, as around folded lines', () => {
    const ranges = paintedRanges([shown(10, 20), shown(25, 30)], many, 10, (line) =>
      offsetOf(many, line),
    );
    expect(ranges.map(({ line, end }) => ({ line, end }))).toEqual([
      { line: 0, end: offsetOf(many, 41) },
    ]);
  });

  it('takes no more of long lines than an editor draws', () => {
    const long = linesOf(`${'x'.repeat(1_000_000)}\nshort\n${'y'.repeat(1_000_000)}`, 1);
    const ranges = paintedRanges([shown(0, 2)], long, 40, (line) => offsetOf(long, line));
    expect(ranges.map(({ start, end }) => [start, end])).toEqual([
      [0, 10_000],
      [1_000_001, 1_000_007 + 10_000],
    ]);
  });

  it('follows a long line that is wrapped', () => {
    const long = linesOf('x'.repeat(1_000_000), 1);
    const [range] = paintedRanges([shown(0, 0, 600_000)], long, 40, () => 0);
    expect(range?.start).toBeLessThan(600_000);
    expect(range?.end).toBeGreaterThan(605_000);
  });
});
