/** Which batches a recipe's data gives to train and to measure on. */
import type { Recipe } from '../../recipe/run';
import {
  evaluationRows,
  evaluationWindows,
  packedDocuments,
  randomWindows,
  wholeDocuments,
} from '../data/data';
import type { BatchSource, EvaluationWindows, TokenCorpus } from '../data/data';

/** Whether documents are blind to each other, so that graphs take segments. */
export function keepsApart({ data }: Recipe): boolean {
  return data.format === 'conversations' || data.batching === 'packed';
}

/** @throws GlassboxError `corpus-too-short`, `no-tokens` */
export function trainingBatches(recipe: Recipe, corpus: TokenCorpus, context: number): BatchSource {
  const { data, train, seed } = recipe;
  const shape = { batch: train.batch, context, seed };
  if (data.format === 'conversations') return wholeDocuments(corpus, shape);
  return data.batching === 'packed' ? packedDocuments(corpus, shape) : randomWindows(corpus, shape);
}

/** @param maxWindows of so many rows; of all if undefined. */
export function measuredBatches(
  recipe: Recipe,
  corpus: TokenCorpus,
  { context, maxWindows }: { readonly context: number; readonly maxWindows: number | undefined },
): EvaluationWindows {
  const shape = { batch: recipe.train.batch, context, maxWindows };
  if (recipe.data.format === 'conversations') return evaluationRows(corpus, shape);
  return evaluationWindows(corpus, { ...shape, separateDocuments: keepsApart(recipe) });
}
