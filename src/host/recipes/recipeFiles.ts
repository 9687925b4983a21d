/** Which documents are recipes, and what a recipe file describes. */
import path from 'node:path';
import type * as vscode from 'vscode';
import type { Recipe } from '../../recipe/run';
import { workFolders } from '../workspace';

export const RECIPES: vscode.DocumentFilter = { scheme: 'file', pattern: '**/*.recipe.json' };
export const CORPUS_RECIPES: vscode.DocumentFilter = {
  scheme: 'file',
  pattern: '**/*.corpus.json',
};

const ENDING = /\.recipe\.json$/i;
const CORPUS_ENDING = /\.corpus\.json$/i;

/** What a recipe on the disk, in a folder that is trusted, describes; undefined for other documents. */
export function recipeKindOf({ uri }: { readonly uri: vscode.Uri }): 'run' | 'corpus' | undefined {
  if (uri.scheme !== 'file' || workFolders().length === 0) return undefined;
  return ENDING.test(uri.path) ? 'run' : CORPUS_ENDING.test(uri.path) ? 'corpus' : undefined;
}

/** A recipe of a run on the disk, in a folder that is trusted: only there it is read. */
export const isRecipe = (document: { readonly uri: vscode.Uri }): boolean =>
  recipeKindOf(document) === 'run';

/**
 * The recipe in the text of a file: defaults filled in, its paths absolute, its name the file's if it
 * has none. Throws `recipe-invalid`.
 */
export async function readRecipe(text: string, file: string): Promise<Recipe> {
  const [{ parseRecipe }, { resolvePaths }, { nameFrom }] = await Promise.all([
    import('../../recipe/run'),
    import('../../recipe/paths'),
    import('../runs/runPlan'),
  ]);
  const name = path.basename(file);
  const recipe = resolvePaths(parseRecipe(text, name), path.dirname(file));
  return { ...recipe, name: recipe.name ?? nameFrom(name.replace(ENDING, '')) };
}
