/** Recipes in the editor: squiggles, fixes, the way to start one. */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { RecipeDiagnostics } from './recipeDiagnostics';
import { CORPUS_RECIPES, RECIPES } from './recipeFiles';
import { RecipeFixes } from './recipeFixes';
import { RecipeLenses } from './recipeLenses';

export function registerRecipes(services: Services): vscode.Disposable {
  const { log } = services;
  const { languages } = vscode;
  const diagnostics = new RecipeDiagnostics(services);
  return vscode.Disposable.from(
    diagnostics,
    languages.registerCodeLensProvider(RECIPES, new RecipeLenses(services)),
    languages.registerCodeActionsProvider([RECIPES, CORPUS_RECIPES], new RecipeFixes(), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    registerCommand(log, 'glassbox.startRunFromRecipe', async (given) => {
      const { startRunFromRecipe } = await import('./recipeCommands');
      await startRunFromRecipe(services, diagnostics, given);
    }),
    registerCommand(log, 'glassbox.newRecipe', async () => {
      const { newRecipe } = await import('./recipeCommands');
      await newRecipe(services);
    }),
  );
}
