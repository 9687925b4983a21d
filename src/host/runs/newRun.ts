/** "New Training Run": which text, how large a model, how many steps, what name; then it starts. */
import path from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import type { Estimate } from '../../protocol/catalogMessages';
import { bytesText, countText, durationText } from '../formats';
import { BACK, guide, input, pick } from '../guide';
import type { Question } from '../guide';
import { logError } from '../problems';
import type { Services } from '../services';
import { withSettings } from '../settings';
import { chooseWorkFolder, freeName, storageOf } from '../workspace';
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
  const [plans, asking] = await Promise.all([import('./runPlan'), import('./askName')]);

  async function estimate(
    plan: Pick<RunPlan, 'paths' | 'preset' | 'steps'>,
    signal: AbortSignal,
  ): Promise<Estimate> {
    const recipe = plans.recipeOf({ ...plan, name: 'estimate' });
    const methods = await services.engine.methods();
    return methods.estimate({ recipe: withSettings(recipe) }, signal);
  }

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
      fill: async (update, signal) => {
        for (const [index, { preset }] of items.entries()) {
          try {
            const found = await estimate({ paths, preset, steps: USUAL_STEPS }, signal);
            items[index] = sizeItem(preset, found);
          } catch (thrown) {
            if (signal.aborted) return;
            logError(services.log, thrown);
            const detail = vscode.l10n.t('No estimate: {0}', messageOf(thrown));
            items[index] = { ...sizeItem(preset), detail };
          }
          update([...items]);
        }
      },
    });
    return item === undefined || item === BACK ? item : { preset: item.preset };
  };

  const steps: Question<Answers> = async (answers, place) => {
    const { preset = 'tiny' } = answers;
    const paths = answers.text?.paths ?? 'sample';
    const written = await input(place, {
      value: String(answers.steps ?? USUAL_STEPS),
      prompt: vscode.l10n.t('How many steps? One can stop sooner, and go on later.'),
      problem: (value) =>
        plans.stepsIn(value) === undefined
          ? vscode.l10n.t('Expected a whole number above 0.')
          : undefined,
      note: async (value, signal) => {
        const wanted = plans.stepsIn(value);
        if (wanted === undefined) return undefined;
        const found = await estimate({ paths, preset, steps: wanted }, signal).catch(
          () => undefined,
        );
        if (!found) return undefined;
        return vscode.l10n.t(
          'About {0} on this machine, and {1} of memory.',
          durationText(found.seconds),
          bytesText(found.memory),
        );
      },
    });
    if (written === undefined || written === BACK) return written;
    return { steps: plans.stepsIn(written) ?? USUAL_STEPS };
  };

  const name: Question<Answers> = async (answers, place) => {
    const taken = new Set(services.runs.list().map((run) => run.folder));
    const inRuns = (each: string): string => path.join(storageOf(folder.uri), 'runs', each);
    const proposed = plans.nameFrom(`${answers.text?.name ?? 'run'}-${answers.preset ?? 'tiny'}`);
    const written = await asking.askName(place, {
      value: answers.name ?? (await freeName(proposed, inRuns)),
      prompt: vscode.l10n.t('What shall the run be called?'),
      taken: (each) => taken.has(inRuns(each)),
    });
    return written === undefined || written === BACK ? written : { name: written };
  };

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

function sizeItem(preset: Preset, estimate?: Estimate): SizeItem {
  const about = {
    tiny: vscode.l10n.t('for trying things out'),
    small: vscode.l10n.t('writes sentences'),
    base: vscode.l10n.t("GPT-2's size"),
  };
  if (!estimate)
    return {
      preset,
      label: preset,
      description: about[preset],
      detail: vscode.l10n.t('Measuring...'),
    };
  const { parameters, seconds, memory, refusal } = estimate;
  const { memoryTotal = Infinity, memoryFree = Infinity } = estimate;
  const needs = vscode.l10n.t(
    '{0} steps take about {1} and {2} of memory',
    USUAL_STEPS,
    durationText(seconds),
    bytesText(memory),
  );
  const fits =
    refusal !== undefined
      ? vscode.l10n.t('$(error) does not fit: {0}', refusal)
      : memory > memoryTotal
        ? vscode.l10n.t('$(error) does not fit: this machine has {0}', bytesText(memoryTotal))
        : memory > memoryFree
          ? vscode.l10n.t('$(warning) only {0} are free now', bytesText(memoryFree))
          : '';
  return {
    preset,
    label: preset,
    description: vscode.l10n.t('{0} parameters, {1}', countText(parameters), about[preset]),
    detail: fits === '' ? needs : `${fits}  ${needs}`,
  };
}
