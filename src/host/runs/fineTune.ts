/**
 * "Fine-Tune Model": which model, which conversations, all weights or adapters, how many steps, what
 * name; then the run starts, or its recipe is written.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import type { Estimate, ModelSummary } from '../../protocol/catalogMessages';
import type { FineTunePlan } from '../../recipe/fineTune';
import { chooseDataset } from '../datasets/chooseDataset';
import type { DatasetChoice } from '../datasets/chooseDataset';
import { BACK, guide, pick } from '../guide';
import type { Question } from '../guide';
import { modelItems } from '../models/modelTexts';
import type { ModelItem } from '../models/modelTexts';
import type { Services } from '../services';
import { chooseWorkFolder } from '../workspace';

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
    import('./runQuestions'),
  ]);

  const estimate = (
    { model: chosen, data: talks }: Partial<Answers>,
    choice: { readonly lora: boolean; readonly steps: number },
    signal: AbortSignal,
  ): Promise<Estimate> => {
    const from = { model: chosen?.folder ?? '', paths: talks?.paths ?? [], name: 'estimate' };
    return asking.estimateOf(services, recipes.fineTuneRecipe({ ...from, ...choice }), signal);
  };

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
      fill: asking.fillEstimates(services, items, async (each, signal) => {
        const found = await estimate(answers, { lora: each.lora, steps: USUAL_STEPS }, signal);
        return { ...each, detail: asking.needsText(found, USUAL_STEPS) };
      }),
    });
    return item === undefined || item === BACK ? item : { lora: item.lora };
  };

  const steps: Question<Answers> = (answers, place) => {
    const { lora = false } = answers;
    return asking.askSteps(place, {
      value: answers.steps ?? USUAL_STEPS,
      prompt: l10n.t('How many steps? One can stop sooner, and go on later.'),
      estimate: (wanted, signal) => estimate(answers, { lora, steps: wanted }, signal),
    });
  };

  const name: Question<Answers> = (answers, place) => {
    const of = path.basename(answers.model?.name ?? 'model');
    return asking.askRunName(services, folder, place, {
      before: answers.name,
      proposed: plans.nameFrom(`${of}-${answers.data?.name ?? 'chat'}`),
    });
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

function methodItem(lora: boolean): MethodItem {
  const { l10n } = vscode;
  return {
    lora,
    label: lora ? l10n.t('Adapters (LoRA)') : l10n.t('All Weights'),
    description: lora
      ? l10n.t('small matrices beside the weights, which stay as they are')
      : l10n.t('learns most'),
    detail: l10n.t('Measuring...'),
  };
}

function noModel(): GlassboxError {
  const { l10n } = vscode;
  return new GlassboxError('no-model', l10n.t('There is no model to fine-tune yet.'), {
    remedy: l10n.t('Train one with "Glassbox: New Training Run...", or add a folder of models.'),
  });
}
