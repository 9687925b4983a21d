import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopText } from '../../src/engine/infer/infer';

function through(stops: readonly string[], pieces: readonly string[]): string[] {
  const stopText = new StopText(stops);
  return [...pieces.map((piece) => stopText.push(piece)), stopText.end()];
}

describe('stop strings', () => {
  it('let a text pass as it comes where there are none', () => {
    expect(through([], ['a', '', 'bc'])).toEqual(['a', '', 'bc', '']);
  });

  it('end the text before them, also across pieces', () => {
    const stopText = new StopText(['END']);
    expect(stopText.push('some E')).toBe('some ');
    expect(stopText.push('N')).toBe('');
    expect(stopText.stopped).toBeUndefined();
    expect(stopText.push('D of it')).toBe('');
    expect(stopText.stopped).toBe('END');
    expect(stopText.push('more')).toBe('');
    expect(stopText.end()).toBe('');
  });

  it('give back what only seemed to be one', () => {
    expect(through(['END'], ['E', 'NE', 'X'])).toEqual(['', 'EN', 'EX', '']);
    expect(through(['END'], ['xEN'])).toEqual(['x', 'EN']);
    expect(through(['aab'], ['a', 'a', 'a', 'c'])).toEqual(['', '', 'a', 'aac', '']);
  });

  it('end where the first is complete, and before the longer of two that end together', () => {
    expect(through(['abcd', 'bc'], ['abcd']).join('')).toBe('a');
    expect(through(['bc', 'abc'], ['xabcd']).join('')).toBe('x');
  });

  it('refuse to be empty', () => {
    expect(() => new StopText(['a', ''])).toThrow('empty');
  });

  it('find the same end however the text is cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    const cuts = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 10 });
    fc.assert(
      fc.property(text, fc.array(stop, { maxLength: 3 }), cuts, (whole, stops, at) => {
        const borders = [0, ...at.map((cut) => Math.min(cut, whole.length)), whole.length];
        borders.sort((a, b) => a - b);
        const pieces = borders.slice(1).map((end, i) => whole.slice(borders[i], end));
        // The earliest end of any stop string, and of those that end there the longest.
        let expected = whole;
        search: for (let end = 1; end <= whole.length; end++) {
          for (let from = 0; from < end; from++) {
            if (!stops.includes(whole.slice(from, end))) continue;
            expected = whole.slice(0, from);
            break search;
          }
        }
        expect(through(stops, pieces).join('')).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});
