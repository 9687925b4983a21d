/** A corpus's recipe with other thresholds, as it is written for a person. */
import { expect, it } from 'vitest';
import { changedRecipe } from '../../src/host/corpora/changedRecipe';
import { corpusRecipe } from '../../src/recipe/corpus';
import { settingsOf } from '../../src/recipe/judging';
import { resolveCorpusPaths } from '../../src/recipe/paths';

const folder = '/work/book';
const recipe = resolveCorpusPaths(
  corpusRecipe.apply(
    { ...corpusRecipe.defaults(), name: 'web', sources: ['pages', '/else/a.warc'] },
    ['url.lists=["blocked.txt"]', 'language.wanted=["de"]', 'gopherQuality.minWords=20'],
  ),
  folder,
);

it('says what differs from the defaults, with paths from its folder', () => {
  const thresholds = { 'gopherQuality.minWords': 10, 'c4.minSentences': 3, 'c4.maxLoremIpsum': 0 };
  const text = changedRecipe(recipe, thresholds, { name: 'web-2', folder });
  expect(JSON.parse(text)).toEqual({
    name: 'web-2',
    sources: ['pages', '/else/a.warc'],
    url: { lists: ['blocked.txt'] },
    language: { wanted: ['de'] },
    gopherQuality: { minWords: 10 },
    c4: { minSentences: 3 },
  });
});

it('stands for the same corpus with these thresholds and switches', () => {
  const before = settingsOf(recipe);
  const thresholds = Object.fromEntries(
    Object.entries(before).map(([key, each]) => [key, typeof each === 'number' ? each / 2 : !each]),
  );
  const text = changedRecipe(recipe, thresholds, { name: 'half', folder });
  const read = resolveCorpusPaths(corpusRecipe.parse(text), folder);
  expect(settingsOf(read)).toEqual(thresholds);
  expect({ ...read, name: recipe.name }).toEqual(
    corpusRecipe.apply(
      recipe,
      Object.entries(thresholds).map(([key, value]) => `${key}=${value}`),
    ),
  );
});

it('is not written with a threshold that is none', () => {
  const thresholds = { 'gopherRepetition.maxTop2Gram': 7 };
  expect(() => changedRecipe(recipe, thresholds, { name: 'no', folder })).toThrow();
});

it('changes nothing but the recipe, whatever a threshold is called', () => {
  changedRecipe(recipe, { '__proto__.glassboxTest': 1 }, { name: 'no', folder });
  expect(Reflect.get({}, 'glassboxTest')).toBeUndefined();
});

it('of the folder itself is the folder', () => {
  const own = { ...recipe, sources: [folder] };
  expect(changedRecipe(own, {}, { name: 'own', folder })).toContain('"sources": [\n    "."\n  ]');
});
