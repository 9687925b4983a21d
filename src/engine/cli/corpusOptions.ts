/** The options that say which corpus is meant: `data curate` and `data plan`. */
import path from 'node:path';
import type { Command } from 'commander';
import { GlassboxError } from '../../base/errors';
import { readTextFile } from '../../base/files';
import { corpusRecipe, type CorpusRecipe } from '../../recipe/corpus';
import { resolveCorpusPaths } from '../../recipe/paths';

export interface CorpusOptions {
  readonly recipe?: string;
  readonly source?: readonly string[];
  readonly set?: readonly string[];
  readonly out?: string;
}

export function withCorpusOptions(command: Command): Command {
  return command
    .option('--recipe <file>', 'what to do, as a *.corpus.json')
    .option(
      '--source <path...>',
      'files and folders: WARC, WET, HTML, text, Markdown, JSON Lines, Parquet',
    )
    .option('--set <key=value...>', 'any field of the recipe, as in language.minScore=0.8')
    .option('--out <dir>', "the corpus's folder; one in .glassbox/corpora if not given");
}

async function recipeFrom({
  recipe: file,
  source,
  set = [],
}: CorpusOptions): Promise<CorpusRecipe> {
  const written =
    file === undefined
      ? corpusRecipe.defaults()
      : resolveCorpusPaths(
          corpusRecipe.parse(await readTextFile(file), file),
          path.dirname(path.resolve(file)),
        );
  const settings = source === undefined ? set : [...set, `sources=${JSON.stringify(source)}`];
  return resolveCorpusPaths(corpusRecipe.apply(written, settings), '');
}

/** Named after the recipe, or after the first source. */
function outFrom({ out, recipe: file }: CorpusOptions, recipe: CorpusRecipe): string {
  if (out !== undefined) return out;
  const named = recipe.name ?? file ?? recipe.sources[0] ?? 'corpus';
  const name = path.basename(named).replace(/\.(corpus\.json|warc.*|wet.*|\w+)$/i, '');
  return path.join('.glassbox', 'corpora', name === '' ? 'corpus' : name);
}

export const noSources = (): GlassboxError =>
  new GlassboxError('no-sources', 'Nothing says what to curate.', {
    remedy: 'Give --source with files or folders, or --recipe with a *.corpus.json.',
  });

/** The corpus's folder, and its recipe where the options give one: a folder may have been planned. */
export async function corpusFrom(
  options: CorpusOptions,
): Promise<{ readonly recipe: CorpusRecipe | undefined; readonly out: string }> {
  if (options.recipe === undefined && options.source === undefined) {
    if (options.out !== undefined && options.set === undefined)
      return { recipe: undefined, out: path.resolve(options.out) };
    throw noSources();
  }
  const recipe = await recipeFrom(options);
  return { recipe, out: path.resolve(outFrom(options, recipe)) };
}
