/** Prompts from a list of seeds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSeeds, promptsFrom, STARTING_SEEDS } from '../../src/labels/seeds';

const none = new Set<string>();

describe('a list of seeds', () => {
  it('gives every way to fill its prompts, each once', () => {
    const seeds = parseSeeds('# x\na = one | two\r\nb = red|blue | \n{a} {b}?\nAlone.\n{a}, {a}!');
    const prompts = promptsFrom(seeds, { count: 100, seed: 1, known: new Set(['one blue?']) });
    expect([...prompts].sort()).toEqual(
      ['Alone.', 'one red?', 'one, one!', 'two blue?', 'two red?', 'two, two!'].sort(),
    );
  });

  it('gives as many as are wanted, the same for the same seed, from more ways than can be listed', () => {
    const slots = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      const fillings = Array.from({ length: 20 }, (_, at) => `${name}${at}`);
      return `${name} = ${fillings.join(' | ')}`;
    });
    const seeds = parseSeeds(`${slots.join('\n')}\n{a} {b} {c} {d} {e}`);
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 200 }), (seed, count) => {
        const prompts = promptsFrom(seeds, { count, seed, known: none });
        expect(new Set(prompts).size).toBe(count);
        expect(promptsFrom(seeds, { count, seed, known: none })).toEqual(prompts);
        for (const prompt of prompts) expect(prompt).toMatch(/^a\d+ b\d+ c\d+ d\d+ e\d+$/);
      }),
    );
  });

  it('says which slot nothing fills, and that there is no prompt', () => {
    expect(() => parseSeeds('Who is {who}?')).toThrow(/\{who\}, which no line fills/);
    expect(() => parseSeeds('# nothing\nwho = a | b')).toThrow('no prompt');
  });

  it('to begin with is one', () => {
    const prompts = promptsFrom(parseSeeds(STARTING_SEEDS), { count: 500, seed: 0, known: none });
    expect(prompts).toHaveLength(4 * 3 * 2 + 4 + 1);
  });
});
