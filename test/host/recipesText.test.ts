import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { misspelt, segmentsOf, spanOf, unseenBySchema } from '../../src/host/recipes/recipeText';

const RECIPE = `{
  "name": "whales",
  "data": { "paths": ["a.txt", "b.txt"] },
  "model": { "heads": 3 },
  "train": { "stps": 5, "batch": 9000 }
}`;
const cut = (path: string): string => {
  const { start, end } = spanOf(RECIPE, path);
  return RECIPE.slice(start, end);
};

describe('where a problem of a recipe is', () => {
  it('is its value', () => {
    expect(cut('data.paths[1]')).toBe('"b.txt"');
    expect(cut('model.heads')).toBe('3');
  });

  it('is the key of what should hold a field that is not there', () => {
    expect(cut('model.width')).toBe('"model"');
    expect(cut('tokenizer.file')).toBe('{');
    expect(cut('data')).toBe('"data"');
  });

  it('is at the start for the whole, and nowhere in an empty text', () => {
    expect(cut('')).toBe('{');
    expect(spanOf('', 'data')).toEqual({ start: 0, end: 0 });
  });

  it('lies within any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, path) => {
        const { start, end } = spanOf(text, path);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('is read from dots, brackets and quotes', () => {
    expect(segmentsOf('data.paths[12]')).toEqual(['data', 'paths', 12]);
    expect(segmentsOf('model."a b.c"')).toEqual(['model', 'a b.c']);
    expect(segmentsOf('')).toEqual([]);
  });
});

describe('what VS Code sees by itself', () => {
  it('is not said twice', () => {
    const problems = [
      { path: 'train.stps', message: 'unknown; did you mean train.steps?' },
      { path: 'model.heads', message: 'does not divide the width' },
    ];
    expect(unseenBySchema(RECIPE, problems)).toEqual([problems[1]]);
    expect(unseenBySchema('{ "name": ', [{ path: '', message: 'not JSON' }])).toEqual([]);
  });

  it('is said where only the fields together are wrong', () => {
    const text = '{ "tokenizer": { "kind": "file" } }';
    const problems = [{ path: 'tokenizer.file', message: 'missing' }];
    expect(unseenBySchema(text, problems)).toEqual(problems);
  });
});

describe('a misspelt field', () => {
  it('is known with the one that was meant', () => {
    const [found, ...more] = misspelt(RECIPE);
    expect(more).toEqual([]);
    expect(found?.meant).toBe('steps');
    expect(RECIPE.slice(found?.span.start, found?.span.end)).toBe('"stps"');
  });

  it('is not guessed where nothing is near, or what is near belongs elsewhere', () => {
    expect(misspelt('{ "zzzzzz": 1 }')).toEqual([]);
    expect(misspelt('{ "steps": 5 }')).toEqual([]);
  });
});
