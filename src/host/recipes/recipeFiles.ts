/** Which documents are recipes, and what a recipe file describes. */
import path from 'node:path';
import type * as vscode from 'vscode';
import type { Recipe } from '../../recipe/run';
import { workFolders } from '../workspace';

export const RECIPES: vscode.DocumentFilter = { scheme: 'file', pattern: '**/*.recipe.json' };

const ENDING = /\.recipe\.json$/i;

/** A recipe on the disk, in a folder that is trusted: only there it is read. */
export function isRecipe({ uri }: { readonly uri: vscode.Uri }): boolean {
  return uri.scheme === 'file' && ENDING.test(uri.path) && workFolders().length > 0;
}

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
