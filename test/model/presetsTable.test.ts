/**
 * What presets and depths stand for, counted by hand: an embedding of V x W (the output projection is
 * the same), in each layer four attention matrices of W x W, three feed-forward matrices of W x I and
 * two norms, and one norm at the end. That the documents say the same is for docs.test.ts to check.
 */
import { describe, expect, it } from 'vitest';
import { parameterCount, resolveModel } from '../../src/engine/model/model';
import type { ModelConfig } from '../../src/recipe/model';
import { recipeSchema, type Recipe } from '../../src/recipe/run';

const resolved = (model: Partial<Recipe['model']>, vocab: number): ModelConfig =>
  resolveModel(recipeSchema.parse({ model }).model, vocab);

describe('the shape and the parameters', () => {
  it.each([
    [{ preset: 'tiny' }, 4096, [4, 4, 32, 128, 352, 128], 524_288 + 4 * 200_960 + 128],
    [{ preset: 'small' }, 4096, [6, 6, 64, 384, 1024, 256], 1_572_864 + 6 * 1_770_240 + 384],
    [{ preset: 'base' }, 50_257, [12, 12, 64, 768, 2048, 1024], 38_597_376 + 12 * 7_079_424 + 768],
    [{ depth: 3 }, 4096, [3, 3, 64, 192, 512, 256], 786_432 + 3 * 442_752 + 192],
    [{ depth: 10 }, 50_257, [10, 10, 64, 640, 1728, 1024], 32_164_480 + 10 * 4_957_440 + 640],
  ] as const)('%o with a vocabulary of %i', (model, vocab, shape, parameters) => {
    const config = resolved(model, vocab);
    const { layers, heads, headDim, width, intermediate, context } = config;
    expect([layers, heads, headDim, width, intermediate, context]).toEqual(shape);
    expect(config.kvHeads).toBe(heads);
    expect(config.tieEmbeddings).toBe(true);
    expect(parameterCount(config)).toBe(parameters);
  });

  it('has an output projection of its own where that is not tied to the embedding', () => {
    const count = (tieEmbeddings: boolean): number =>
      parameterCount(resolved({ preset: 'tiny', tieEmbeddings }, 4096));
    expect(count(false) - count(true)).toBe(524_288);
  });
});
