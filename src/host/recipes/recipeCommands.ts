/** Starting what a recipe describes, and beginning a recipe. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { BACK, guide } from '../guide';
import { tellError } from '../problems';
import { askName } from '../runs/askName';
import { nameFrom } from '../runs/runPlan';
import type { Services } from '../services';
import { chooseWorkFolder, freeName } from '../workspace';
import type { RecipeDiagnostics } from './recipeDiagnostics';
import { isRecipe, readRecipe } from './recipeFiles';

export async function startRunFromRecipe(
  { runs, log }: Services,
  diagnostics: RecipeDiagnostics,
  given: unknown,
): Promise<void> {
  const uri = given instanceof vscode.Uri ? given : await chooseRecipe();
  if (!uri) return;
  const folder = await chooseWorkFolder(uri);
  if (!folder) return;
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty && !(await document.save())) return;
  const problems = await diagnostics.problems(document, new AbortController().signal);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first) {
    const name = path.basename(uri.fsPath);
    const what = first.path === '' ? first.message : `${first.path}: ${first.message}`;
    const error = new GlassboxError(
      'recipe-invalid',
      errors.length === 1
        ? vscode.l10n.t('{0} has a problem. {1}', name, what)
        : vscode.l10n.t('{0} has {1} problems. The first: {2}', name, errors.length, what),
    );
    const show = vscode.l10n.t('Show Problems');
    await vscode.window.showTextDocument(document);
    if ((await tellError(log, error, [show])) === show)
      await vscode.commands.executeCommand('workbench.actions.view.problems');
    return;
  }
  const run = await runs.start(await readRecipe(document.getText(), uri.fsPath), folder.uri);
  await vscode.commands.executeCommand('glassbox.openRun', run);
}

/** The recipe in the active editor, else the one that is picked. */
async function chooseRecipe(): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document;
  if (active && isRecipe(active)) return active.uri;
  const found = await vscode.workspace.findFiles(
    '**/*.recipe.json',
    '**/{node_modules,.glassbox}/**',
  );
  if (found.length === 0)
    throw new GlassboxError('no-recipe', vscode.l10n.t('There is no recipe in this workspace.'), {
      remedy: vscode.l10n.t('Make one with "Glassbox: New Recipe...".'),
    });
  const items = found
    .map((uri) => ({ uri, label: vscode.workspace.asRelativePath(uri) }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
  const placeHolder = vscode.l10n.t('Which recipe shall be started?');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.uri;
}

interface KindItem extends vscode.QuickPickItem {
  readonly make: () => Promise<void>;
}

/** A file with what a person will want to change first; completion knows the rest. */
export async function newRecipe(services: Services): Promise<void> {
  const { l10n } = vscode;
  const items: KindItem[] = [
    {
      label: l10n.t('A Model from Nothing'),
      detail: l10n.t('learns to go on with a text'),
      make: newTrainingRecipe,
    },
    {
      label: l10n.t('A Fine-Tuning'),
      detail: l10n.t('a model that is there learns to answer, by conversations'),
      make: () => newFineTuningRecipe(services),
    },
  ];
  const title = l10n.t('New Recipe');
  const placeHolder = l10n.t('What shall the recipe describe?');
  await (await vscode.window.showQuickPick(items, { title, placeHolder }))?.make();
}

async function newFineTuningRecipe(services: Services): Promise<void> {
  const [{ planFineTuning }, { fineTuneFile }] = await Promise.all([
    import('../runs/fineTune'),
    import('../../recipe/fineTune'),
  ]);
  const planned = await planFineTuning(services, vscode.l10n.t('New Recipe'));
  if (!planned) return;
  const { plan, folder } = planned;
  const relative = (file: string): string => {
    const inside = path.relative(folder.uri.fsPath, file);
    return inside.startsWith('..') ? file : inside.split(path.sep).join('/');
  };
  const paths = plan.paths.map(relative);
  const recipe = fineTuneFile({ ...plan, model: relative(plan.model), paths });
  await writeRecipe(path.join(folder.uri.fsPath, `${plan.name}.recipe.json`), recipe);
}

async function newTrainingRecipe(): Promise<void> {
  const folder = await chooseWorkFolder();
  if (!folder) return;
  const fileOf = (name: string): string => path.join(folder.uri.fsPath, `${name}.recipe.json`);
  const answers = await guide<{ name: string }>(vscode.l10n.t('New Recipe'), [
    async (_, place) => {
      const name = await askName(place, {
        value: await freeName(nameFrom(folder.name), fileOf),
        prompt: vscode.l10n.t('What shall the model be called? The file becomes NAME.recipe.json.'),
      });
      return name === undefined || name === BACK ? name : { name };
    },
  ]);
  if (!answers?.name) return;
  const file = fileOf(answers.name);
  const recipe = {
    name: answers.name,
    data: { paths: 'sample' },
    model: { preset: 'tiny' },
    train: { steps: 1000 },
  };
  await writeRecipe(file, recipe);
}

async function writeRecipe(file: string, recipe: object): Promise<void> {
  // Never over one that is there.
  await writeFile(file, `${JSON.stringify(recipe, null, 2)}\n`, { flag: 'wx' }).catch(
    (cause: unknown) => {
      throw new GlassboxError('recipe-file', vscode.l10n.t('{0} could not be made.', file), {
        remedy: vscode.l10n.t('A file of that name may be there already: choose another name.'),
        cause,
      });
    },
  );
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}
