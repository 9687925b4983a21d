/**
 * The recipe of a run: which text, which tokenizer, which model, how it is trained.
 *
 * One schema (`schema.ts`) is the source of everything, see `recipeKind.ts`. Whether the parts fit
 * each other (a head count that divides the width) is for the model room to say.
 */
import { recipeKind } from './recipeKind';
import { recipeSchema } from './schema';

export { recipeSchema, type Recipe } from './schema';

export const {
  parse: parseRecipe,
  defaults: defaultRecipe,
  apply: applySettings,
  jsonSchema: recipeJsonSchema,
} = recipeKind(recipeSchema, {
  title: 'Glassbox recipe',
  description: 'Describes a training run: which text, which tokenizer, which model, how long.',
  example: 'train.lr=0.001',
});
