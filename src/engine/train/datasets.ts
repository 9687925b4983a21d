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

/**
 * With the steps that the recipe's epochs come to, in place of them: a run that goes on later is asked
 * for steps, whatever it began with.
 *
 * @returns also what people are told of it
 * @throws GlassboxError `corpus-too-short`, `no-tokens`
 */
export function inSteps(
  recipe: Recipe,
  corpus: TokenCorpus,
  context: number,
): { readonly recipe: Recipe; readonly said?: string } {
  const { epochs, ...train } = recipe.train;
  if (epochs === undefined) return { recipe };
  const { rows } = trainingBatches(recipe, corpus, context);
  const atOnce = train.batch * train.accumulate;
  const steps = Math.max(1, Math.ceil((epochs * rows) / atOnce));
  const said = `${epochs === 1 ? '1 epoch' : `${epochs} epochs`} of ${rows} rows, ${atOnce} a step: ${steps === 1 ? '1 step' : `${steps} steps`}`;
  return { recipe: { ...recipe, train: { ...train, steps } }, said };
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
