import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clean,
  clock,
  fit,
  grouped,
  short,
  styleFor,
  widthOf,
  wrap,
} from '../../src/engine/cli/terminalText';

const text = fc.string({ unit: fc.constantFrom('a', ' ', 'ß', '界', '🐳', 'e\u0301', '-') });

describe('widths', () => {
  it.each([
    ['', 0],
    ['whale', 5],
    ['鯨', 2],
    ['🐳', 2],
    ['e\u0301', 1],
    [styleFor(true).bold('ab') + styleFor(true).train('c'), 3],
  ])('%j takes %i columns', (line, width) => expect(widthOf(line)).toBe(width));

  it('fit never exceeds its room, and keeps what fits', () => {
    fc.assert(
      fc.property(text, fc.nat(30), (line, columns) => {
        const fitted = fit(line, columns);
        expect(widthOf(fitted)).toBeLessThanOrEqual(columns);
        if (widthOf(line) <= columns) expect(fitted).toBe(line);
      }),
    );
  });
});

describe('wrap', () => {
  it('breaks between words', () => {
    expect(wrap('call me Ishmael', 9)).toEqual(['call me', 'Ishmael']);
  });

  it('breaks a word only if it is wider than the line', () => {
    expect(wrap('a whaleboat', 5)).toEqual(['a', 'whale', 'boat']);
  });

  it('keeps every letter and the width', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 20 }), (line, columns) => {
        const lines = wrap(line, columns);
        expect(lines.length).toBeGreaterThan(0);
        for (const part of lines) expect(widthOf(part)).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
      }),
    );
  });
});

describe('clean', () => {
  it('leaves nothing that a terminal obeys', () => {
    expect(clean('a\u001b[31mb\u0007\u009bc\u202ed')).toBe('a·[31mb··c·d');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        expect(clean(line)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  it('shows line ends', () => {
    expect(clean('a\r\n\n b\tc')).toBe('a ¶ b c');
  });
});

describe('numbers', () => {
  it.each([
    [950, '950'],
    [999.9, '1.00k'],
    [1_048_576, '1.05M'],
    [124_400_000, '124M'],
  ])('%d in short is %s', (value, expected) => expect(short(value)).toBe(expected));

  it.each([
    [7_400, '0:07'],
    [754_000, '12:34'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
  ])('%d ms is %s', (ms, expected) => expect(clock(ms)).toBe(expected));

  it('groups thousands', () => expect(grouped(1_234_567.4)).toBe('1,234,567'));

  it('styles nothing without colour', () => {
    const style = styleFor(false);
    expect(style.bold('x') + style.train('y')).toBe('xy');
  });
});
