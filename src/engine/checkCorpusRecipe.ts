/**
 * What is wrong with the recipe of a corpus, as an editor underlines it while it is being written: its
 * JSON, its fields, and what no schema can see: sources and lists that aren't there, and thresholds
 * between which nothing can lie. No file is read.
 */
import { stat } from 'node:fs/promises';
import { GlassboxError } from '../base/errors';
import { fileError } from '../base/files';
import type { RecipeProblem } from '../protocol/catalogMessages';
import { corpusRecipe, FILTER_RULES, FILTER_STAGES, type CorpusRecipe } from '../recipe/corpus';
import { isOn, settingsOf, thresholdIn, thresholdKey } from '../recipe/judging';
import { resolveCorpusPaths } from '../recipe/paths';
import { problemFrom, schemaProblems } from './checkRecipe';

/** @param folder what the recipe's paths are relative to */
export async function checkCorpusRecipe(text: string, folder: string): Promise<RecipeProblem[]> {
  let recipe: CorpusRecipe;
  try {
    recipe = resolveCorpusPaths(corpusRecipe.parse(text), folder);
  } catch (thrown) {
    return schemaProblems(thrown);
  }
  return [
    ...(await checkSources(recipe)),
    ...(await missing(recipe.url.lists, 'url.lists')),
    ...checkThresholds(recipe),
  ];
}

async function checkSources({ sources }: CorpusRecipe): Promise<RecipeProblem[]> {
  if (sources.length === 0)
    return [
      {
        path: 'sources',
        severity: 'warning',
        message: 'There is no source: name files or folders that the corpus is made of.',
      },
    ];
  // A DOM and parsers come with the room: only once there is a recipe to check.
  const { isReadable } = await import('./curate/curate');
  const problems = await missing(sources, 'sources');
  for (const [index, source] of sources.entries()) {
    const found = await stat(source).catch(() => undefined);
    if (!found || found.isDirectory() || isReadable(source)) continue;
    const error = new GlassboxError(
      'source-format',
      `${source} is of no format that can be read.`,
      { remedy: 'Give WARC, WET, HTML, text, Markdown, JSON Lines or Parquet files, named so.' },
    );
    problems.push(problemFrom(error, `sources[${index}]`));
  }
  return problems;
}

async function missing(files: readonly string[], field: string): Promise<RecipeProblem[]> {
  const problems: RecipeProblem[] = [];
  for (const [index, file] of files.entries())
    await stat(file).catch((thrown: unknown) => {
      problems.push(problemFrom(fileError(thrown, 'read', file), `${field}[${index}]`));
    });
  return problems;
}

/** A least above a most lets nothing through. */
function checkThresholds(recipe: CorpusRecipe): RecipeProblem[] {
  const settings = settingsOf(recipe);
  return FILTER_STAGES.filter((stage) => isOn(settings, stage)).flatMap((stage) => {
    const rules = FILTER_RULES[stage].map((rule) => ({
      ...rule,
      key: thresholdKey(stage, rule),
      threshold: thresholdIn(settings, thresholdKey(stage, rule)) ?? 0,
    }));
    const leasts = rules.filter(({ drops }) => drops === 'below');
    return leasts.flatMap((least) =>
      rules
        .filter(({ drops, measure }) => drops === 'above' && measure === least.measure)
        .filter((most) => least.threshold > most.threshold)
        .map((most): RecipeProblem => ({
          path: least.key,
          severity: 'warning',
          message: `This is more than ${most.key} (${most.threshold}): every document is dropped.`,
        })),
    );
  });
}
