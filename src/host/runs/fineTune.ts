/**
 * "Fine-Tune Model": which model, which conversations, all weights or adapters, how many steps, what
 * name; then the run starts, or its recipe is written.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError, messageOf } from '../../base/errors';
import type { Estimate, ModelSummary } from '../../protocol/catalogMessages';
import type { FineTunePlan } from '../../recipe/fineTune';
import { chooseDataset } from '../datasets/chooseDataset';
import type { DatasetChoice } from '../datasets/chooseDataset';
import { bytesText, durationText } from '../formats';
import { BACK, guide, input, pick } from '../guide';
import type { Question } from '../guide';
import { modelItems } from '../models/modelTexts';
import type { ModelItem } from '../models/modelTexts';
import { logError } from '../problems';
import type { Services } from '../services';
import { withSettings } from '../settings';
import { chooseWorkFolder, freeName, storageOf } from '../workspace';

interface Answers {
  readonly model: ModelSummary;
  readonly data: DatasetChoice;
  readonly lora: boolean;
  readonly steps: number;
  readonly name: string;
}

/** What a person began with. */
export interface Offered {
  /** The folder of a model, or of a run. */
  readonly model?: string | undefined;
  /** A dataset. */
  readonly data?: vscode.Uri | undefined;
}

const USUAL_STEPS = 300;

/** Asks for a fine-tuning, starts it, and shows it. */
export async function fineTune(services: Services, offered: Offered): Promise<void> {
  const planned = await planFineTuning(services, vscode.l10n.t('Fine-Tune Model'), offered);
  if (!planned) return;
  const { fineTuneRecipe } = await import('../../recipe/fineTune');
  const run = await services.runs.start(fineTuneRecipe(planned.plan), planned.folder.uri);
  services.walkthrough.done('fineTune');
  await vscode.commands.executeCommand('glassbox.openRun', run);
}

/** Undefined where a person left. */
export async function planFineTuning(
  services: Services,
  title: string,
  offered: Offered = {},
): Promise<{ plan: FineTunePlan; folder: vscode.WorkspaceFolder } | undefined> {
  const { l10n } = vscode;
  const folder = await chooseWorkFolder(offered.data);
  if (!folder) return undefined;
  const models = await services.models.ready();
  const given = models.find((each) => each.folder === offered.model && !each.problem);
  if (!models.some(({ problem }) => problem === undefined)) throw noModel();
  // The schema of recipes is not needed before.
  const [recipes, plans, asking] = await Promise.all([
    import('../../recipe/fineTune'),
    import('./runPlan'),
    import('./askName'),
  ]);

  async function estimate(
    answers: Partial<Answers>,
    choice: { readonly lora: boolean; readonly steps: number },
    signal: AbortSignal,
  ): Promise<Estimate> {
    const { model, data } = answers;
    const from = { model: model?.folder ?? '', paths: data?.paths ?? [], name: 'estimate' };
    const recipe = recipes.fineTuneRecipe({ ...from, ...choice });
    const methods = await services.engine.methods();
    return methods.estimate({ recipe: withSettings(recipe) }, signal);
  }

  const model: Question<Answers> = async (answers, place) => {
    const items = modelItems(models).filter(({ add }) => !add);
    const item = await pick<ModelItem>(place, {
      placeHolder: l10n.t('Which model shall learn to answer?'),
      items,
      active: (each) => each.model?.folder === answers.model?.folder,
    });
    if (item === undefined || item === BACK) return item;
    return item.model ? { model: item.model } : undefined;
  };

  const data: Question<Answers> = async (_, place) => {
    const choice = await chooseDataset(place, folder, offered.data);
    return choice === undefined || choice === BACK ? choice : { data: choice };
  };

  const method: Question<Answers> = async (answers, place) => {
    const items = [false, true].map((lora) => methodItem(lora));
    const item = await pick<MethodItem>(place, {
      placeHolder: l10n.t('What shall be trained?'),
      items,
      active: ({ lora }) => lora === answers.lora,
      fill: async (update, signal) => {
        for (const [index, { lora }] of items.entries()) {
          try {
            const found = await estimate(answers, { lora, steps: USUAL_STEPS }, signal);
            items[index] = methodItem(lora, found);
          } catch (thrown) {
            if (signal.aborted) return;
            logError(services.log, thrown);
            items[index] = {
              ...methodItem(lora),
              detail: l10n.t('No estimate: {0}', messageOf(thrown)),
            };
          }
          update([...items]);
        }
      },
    });
    return item === undefined || item === BACK ? item : { lora: item.lora };
  };

  const steps: Question<Answers> = async (answers, place) => {
    const lora = answers.lora ?? false;
    const written = await input(place, {
      value: String(answers.steps ?? USUAL_STEPS),
      prompt: l10n.t('How many steps? One can stop sooner, and go on later.'),
      problem: (value) =>
        plans.stepsIn(value) === undefined ? l10n.t('Expected a whole number above 0.') : undefined,
      note: async (value, signal) => {
        const wanted = plans.stepsIn(value);
        if (wanted === undefined) return undefined;
        const found = await estimate(answers, { lora, steps: wanted }, signal).catch(
          () => undefined,
        );
        if (!found) return undefined;
        return l10n.t(
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
    const proposed = plans.nameFrom(
      `${path.basename(answers.model?.name ?? 'model')}-${answers.data?.name ?? 'chat'}`,
    );
    const written = await asking.askName(place, {
      value: answers.name ?? (await freeName(proposed, inRuns)),
      prompt: l10n.t('What shall the run be called?'),
      taken: (each) => taken.has(inRuns(each)),
    });
    return written === undefined || written === BACK ? written : { name: written };
  };

  const questions = [data, method, steps, name];
  const answers = await guide<Answers>(
    title,
    given ? questions : [model, ...questions],
    given ? { model: given } : {},
  );
  if (!answers?.model || !answers.data || !answers.steps || !answers.name) return undefined;
  const plan = {
    ...{ name: answers.name, model: answers.model.folder, paths: answers.data.paths },
    ...{ lora: answers.lora ?? false, steps: answers.steps },
  };
  return { plan, folder };
}

interface MethodItem extends vscode.QuickPickItem {
  readonly lora: boolean;
}

function methodItem(lora: boolean, estimate?: Estimate): MethodItem {
  const { l10n } = vscode;
  const label = lora ? l10n.t('Adapters (LoRA)') : l10n.t('All Weights');
  const description = lora
    ? l10n.t('small matrices beside the weights, which stay as they are')
    : l10n.t('learns most');
  if (!estimate) return { lora, label, description, detail: l10n.t('Measuring...') };
  const { seconds, memory, refusal, memoryTotal = Infinity } = estimate;
  const needs = l10n.t(
    '{0} steps take about {1} and {2} of memory',
    USUAL_STEPS,
    durationText(seconds),
    bytesText(memory),
  );
  const fits =
    refusal !== undefined
      ? l10n.t('$(error) does not fit: {0}', refusal)
      : memory > memoryTotal
        ? l10n.t('$(error) does not fit: this machine has {0}', bytesText(memoryTotal))
        : '';
  return { lora, label, description, detail: fits === '' ? needs : `${fits}  ${needs}` };
}

function noModel(): GlassboxError {
  const { l10n } = vscode;
  return new GlassboxError('no-model', l10n.t('There is no model to fine-tune yet.'), {
    remedy: l10n.t('Train one with "Glassbox: New Training Run...", or add a folder of models.'),
  });
}
