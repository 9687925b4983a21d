/** "New Training Run": which text, how large a model, how many steps, what name; then it starts. */
import * as vscode from 'vscode';
import type { Estimate } from '../../protocol/catalogMessages';
import { countText } from '../formats';
import { BACK, guide, pick } from '../guide';
import type { Question } from '../guide';
import type { Services } from '../services';
import { chooseWorkFolder } from '../workspace';
import { chooseText } from './chooseText';
import type { TextChoice } from './chooseText';
import type { Preset, RunPlan } from './runPlan';

interface Answers {
  readonly text: TextChoice;
  readonly preset: Preset;
  readonly steps: number;
  readonly name: string;
}

/** The steps that sizes are compared by, and that are proposed. */
const USUAL_STEPS = 1000;

/**
 * @param offered the text file that a person began with.
 * @param given the text, where it was chosen already.
 */
export async function newRun(
  services: Services,
  offered?: vscode.Uri,
  given?: TextChoice,
): Promise<void> {
  const folder = await chooseWorkFolder(offered);
  if (!folder) return;
  // The schema of recipes is not needed before.
  const [plans, asking] = await Promise.all([import('./runPlan'), import('./runQuestions')]);

  const estimate = (
    plan: Pick<RunPlan, 'paths' | 'preset' | 'steps'>,
    signal: AbortSignal,
  ): Promise<Estimate> =>
    asking.estimateOf(services, plans.recipeOf({ ...plan, name: 'estimate' }), signal);

  const text: Question<Answers> = async (_, place) => {
    const choice = await chooseText(place, folder, offered);
    return choice === undefined || choice === BACK ? choice : { text: choice };
  };

  const size: Question<Answers> = async (answers, place) => {
    const paths = answers.text?.paths ?? 'sample';
    const items = plans.PRESETS.map((preset) => sizeItem(preset));
    const item = await pick<SizeItem>(place, {
      placeHolder: vscode.l10n.t('How large shall the model be?'),
      items,
      active: ({ preset }) => preset === answers.preset,
      fill: asking.fillEstimates(services, items, async ({ preset }, signal) => {
        const found = await estimate({ paths, preset, steps: USUAL_STEPS }, signal);
        const detail = asking.needsText(found, USUAL_STEPS);
        return { ...sizeItem(preset, found.parameters), detail };
      }),
    });
    return item === undefined || item === BACK ? item : { preset: item.preset };
  };

  const steps: Question<Answers> = (answers, place) => {
    const { preset = 'tiny' } = answers;
    const paths = answers.text?.paths ?? 'sample';
    return asking.askSteps(place, {
      value: answers.steps ?? USUAL_STEPS,
      prompt: vscode.l10n.t('How many steps? One can stop sooner, and go on later.'),
      estimate: (wanted, signal) => estimate({ paths, preset, steps: wanted }, signal),
    });
  };

  const name: Question<Answers> = (answers, place) =>
    asking.askRunName(services, folder, place, {
      before: answers.name,
      proposed: plans.nameFrom(`${answers.text?.name ?? 'run'}-${answers.preset ?? 'tiny'}`),
    });

  const answers = await guide<Answers>(
    vscode.l10n.t('New Training Run'),
    given ? [size, steps, name] : [text, size, steps, name],
    given ? { text: given } : {},
  );
  if (!answers?.text || !answers.preset || !answers.steps || !answers.name) return;
  const recipe = plans.recipeOf({
    paths: answers.text.paths,
    preset: answers.preset,
    steps: answers.steps,
    name: answers.name,
  });
  const run = await services.runs.start(recipe, folder.uri);
  await vscode.commands.executeCommand('glassbox.openRun', run);
}

interface SizeItem extends vscode.QuickPickItem {
  readonly preset: Preset;
}

function sizeItem(preset: Preset, parameters?: number): SizeItem {
  const { l10n } = vscode;
  const about = {
    tiny: l10n.t('for trying things out'),
    small: l10n.t('writes sentences'),
    base: l10n.t("GPT-2's size"),
  }[preset];
  return {
    preset,
    label: preset,
    description:
      parameters === undefined
        ? about
        : l10n.t('{0} parameters, {1}', countText(parameters), about),
    detail: l10n.t('Measuring...'),
  };
}
