/**
 * What is wrong with a recipe, as an editor underlines it while it is being written: its JSON, its
 * fields, and what no schema can see, the files it names and whether this machine can hold what it
 * asks for. Nothing is read whole, nothing is computed, and no GPU is opened: how much of its memory is
 * free shows when a run starts.
 */
import { freemem, totalmem } from 'node:os';
import * as z from 'zod';
import { GlassboxError, hasCode, messageOf } from '../base/errors';
import type { RecipeProblem } from '../protocol/catalogMessages';
import { resolvePaths } from '../recipe/paths';
import { parseRecipe } from '../recipe/run';
import type { Recipe } from '../recipe/run';
import { measureText } from './data/data';
import { needsOf } from './estimate';
import type { Needs } from './estimate';

/** Of the text: more than any context needs. */
const ENOUGH_BYTES = 1 << 24;

/** @param options.folder what the recipe's paths are relative to. */
export async function checkRecipe(
  text: string,
  options: { readonly folder: string; readonly samplePath: string },
): Promise<RecipeProblem[]> {
  let recipe: Recipe;
  try {
    recipe = resolvePaths(parseRecipe(text, 'The recipe'), options.folder);
  } catch (thrown) {
    return schemaProblems(thrown);
  }
  const problems: RecipeProblem[] = [];
  const bytes = await checkData(recipe, options.samplePath, problems);
  const needs = await checkModel(recipe, problems);
  if (needs) {
    checkMemory(recipe, needs, problems);
    if (bytes !== undefined) checkLength(recipe, needs.config.context, bytes, problems);
  }
  return problems;
}

const detailsSchema = z.object({
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
});

/** What is wrong with the fields, of an error of a recipe that could not be parsed. */
export function schemaProblems(thrown: unknown): RecipeProblem[] {
  if (!hasCode(thrown, 'recipe-invalid') || !(thrown instanceof GlassboxError)) throw thrown;
  const { problems } = detailsSchema.parse(thrown.details);
  return problems.map((problem) => ({ ...problem, severity: 'error' }));
}

/** Where a problem is an error's, its message and what to do about it. */
export function problemFrom(thrown: unknown, path: string): RecipeProblem {
  const remedy = thrown instanceof GlassboxError ? thrown.remedy : undefined;
  const message = remedy === undefined ? messageOf(thrown) : `${messageOf(thrown)} ${remedy}`;
  return { path, severity: 'error', message };
}

/** Gives the bytes of text, at most about as many as any context needs; undefined after an error. */
async function checkData(
  { data }: Recipe,
  samplePath: string,
  problems: RecipeProblem[],
): Promise<number | undefined> {
  const paths = data.paths === 'sample' ? [samplePath] : data.paths;
  let bytes = 0;
  let failed = false;
  for (const [index, each] of paths.entries()) {
    try {
      bytes += await measureText(each, ENOUGH_BYTES);
    } catch (thrown) {
      failed = true;
      problems.push(problemFrom(thrown, `data.paths[${index}]`));
    }
  }
  return failed ? undefined : bytes;
}

/** What a problem with such a code is about. */
const FIELD_OF: Readonly<Record<string, string>> = {
  'backend-missing': 'runtime.backend',
  'model-freeze': 'model.freeze',
};

async function checkModel(recipe: Recipe, problems: RecipeProblem[]): Promise<Needs | undefined> {
  try {
    return await needsOf(recipe);
  } catch (thrown) {
    const named = thrown instanceof GlassboxError ? thrown.details['field'] : undefined;
    const guess = recipe.model.from === undefined ? 'tokenizer.file' : 'model.from';
    const code = thrown instanceof GlassboxError ? FIELD_OF[thrown.code] : undefined;
    problems.push(problemFrom(thrown, typeof named === 'string' ? named : (code ?? guess)));
    return undefined;
  }
}

/** From this share of the machine's memory on, other programs will feel it. */
const NEARLY_ALL = 0.8;

function checkMemory(recipe: Recipe, needs: Needs, problems: RecipeProblem[]): void {
  const { bytes, memory, tooLarge } = needs;
  const total = totalmem();
  const fits = memory === 'gpu' ? tooLarge === undefined : bytes < NEARLY_ALL * total;
  if (fits) return;
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`;
  const what =
    memory === 'gpu'
      ? `Training will take ${gigabytes(bytes)} of the GPU's memory, and ${tooLarge}.`
      : `Training will take about ${gigabytes(bytes)} of memory, and this machine has ${gigabytes(total)} (${gigabytes(freemem())} free now).`;
  const { batch } = recipe.train;
  const remedy =
    batch > 1
      ? ' Make train.batch smaller and train.accumulate larger: that is the same in less memory.'
      : ' Choose a smaller model or a shorter context.';
  problems.push({
    path: 'train.batch',
    severity: memory === 'machine' && bytes > total ? 'error' : 'warning',
    message: what + remedy,
  });
}

/** Bytes to a token of a vocabulary learnt from the text, roughly. */
const BYTES_PER_TOKEN = { bpe: 3, builtin: 4, file: 4, char: 1, byte: 1 } as const;

function checkLength(
  recipe: Recipe,
  context: number,
  bytes: number,
  problems: RecipeProblem[],
): void {
  // Packed documents, and conversations, may be shorter than the context; a window may not.
  if (recipe.data.batching === 'packed' || recipe.data.format === 'conversations') return;
  const training = bytes * (1 - recipe.data.validationFraction);
  const path = recipe.model.context === undefined ? 'data.paths' : 'model.context';
  const remedy = 'Give more text, or choose a smaller model.context.';
  // No token has less than a byte.
  if (training <= context) {
    const message = `The text to train on has ${Math.floor(training)} bytes, and one window of context ${context} takes more. ${remedy}`;
    problems.push({ path, severity: 'error', message });
  } else if (training / BYTES_PER_TOKEN[recipe.tokenizer.kind] <= context) {
    const message = `The text to train on has only ${Math.floor(training)} bytes, which may be fewer tokens than one window of context ${context} takes. ${remedy}`;
    problems.push({ path, severity: 'warning', message });
  }
}
