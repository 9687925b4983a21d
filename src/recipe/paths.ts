/** The files that a recipe names. */
import path from 'node:path';
import type { CorpusRecipe } from './corpus';
import type { Recipe } from './run';

/** The recipe with its paths made absolute: they are relative to `folder`. */
export function resolvePaths(recipe: Recipe, folder: string): Recipe {
  const { data, chat, tokenizer, model } = recipe;
  const absolute = (file: string): string => path.resolve(folder, file);
  return {
    ...recipe,
    data: { ...data, paths: data.paths === 'sample' ? 'sample' : data.paths.map(absolute) },
    chat: /\.jinja2?$/i.test(chat.template) ? { template: absolute(chat.template) } : chat,
    tokenizer:
      tokenizer.file === undefined ? tokenizer : { ...tokenizer, file: absolute(tokenizer.file) },
    model: model.from === undefined ? model : { ...model, from: absolute(model.from) },
  };
}

/** The same for the recipe of a corpus. */
export function resolveCorpusPaths(recipe: CorpusRecipe, folder: string): CorpusRecipe {
  const absolute = (file: string): string => path.resolve(folder, file);
  const { sources, url } = recipe;
  return {
    ...recipe,
    sources: sources.map(absolute),
    url: { ...url, lists: url.lists.map(absolute) },
  };
}
