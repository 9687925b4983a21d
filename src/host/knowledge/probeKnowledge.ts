/**
 * "Probe Knowledge": which model, what to ask it about, how many questions and drawn answers, what name;
 * then it is asked, and the tab of what was found opens. "Probe Again" asks another model, or the same
 * one later, the questions of an earlier probe, in the same way.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ProbeEvent, ProbeRequest } from '../../protocol/knowledgeMessages';
import { computing } from '../chat/openChat';
import { BACK, guide, input, pick } from '../guide';
import type { Question } from '../guide';
import { modelItems, type ModelItem } from '../models/modelTexts';
import { tellError } from '../problems';
import { askName } from '../runs/askName';
import { nameFrom } from '../runs/runPlan';
import type { Services } from '../services';
import { chooseWorkFolder, freeName, makeStorage, storageOf } from '../workspace';
import { chooseQuestions, type QuestionChoice } from './chooseQuestions';
import { findProbe } from './findProbe';
import { probedModel } from './probeTexts';

interface Answers {
  readonly model: ModelSummary;
  readonly questions: QuestionChoice;
  readonly limit: number;
  readonly samples: number;
  readonly name: string;
}

/** As `glassbox knowledge probe` has them. */
const USUAL = { limit: 200, samples: 5, temperature: 1, maxTokens: 48, seed: 1 };
const MOST_QUESTIONS = 100_000;
const MOST_SAMPLES = 100;

/** @param offered the folder of a model that a person began with */
export async function probeKnowledge(services: Services, offered?: string): Promise<void> {
  const { l10n } = vscode;
  const folder = await chooseWorkFolder();
  if (!folder) return;
  const given = await answering(services, offered);

  const questions: Question<Answers> = async (answers, place) => {
    const choice = await chooseQuestions(place, services, folder, answers.model);
    return choice === undefined || choice === BACK ? choice : { questions: choice };
  };
  const limit: Question<Answers> = async (answers, place) => {
    const written = await input(place, {
      value: String(answers.limit ?? USUAL.limit),
      prompt: l10n.t('How many questions at most?'),
      problem: (value) =>
        wholeIn(value, 1, MOST_QUESTIONS) === undefined
          ? l10n.t('Expected a whole number above 0.')
          : undefined,
    });
    if (written === undefined || written === BACK) return written;
    return { limit: wholeIn(written, 1, MOST_QUESTIONS) ?? USUAL.limit };
  };
  const samples: Question<Answers> = async (answers, place) => {
    const written = await input(place, {
      value: String(answers.samples ?? USUAL.samples),
      prompt: l10n.t(
        'How many answers shall be drawn for each question, besides the likeliest? They tell what it knows from what it makes up.',
      ),
      problem: (value) =>
        wholeIn(value, 1, MOST_SAMPLES) === undefined
          ? l10n.t('Expected a whole number from 1 to {0}.', MOST_SAMPLES)
          : undefined,
    });
    if (written === undefined || written === BACK) return written;
    return { samples: wholeIn(written, 1, MOST_SAMPLES) ?? USUAL.samples };
  };

  const name = nameQuestion(folder);
  const rest = [questions, limit, samples, name];
  const answers = await guide<Answers>(
    l10n.t('Probe Knowledge'),
    given ? rest : [modelQuestion(services), ...rest],
    given ? { model: given } : {},
  );
  if (!answers?.model || !answers.questions || !answers.limit || !answers.samples || !answers.name)
    return;
  await probe(services, folder, answers.name, {
    ...{ temperature: USUAL.temperature, maxTokens: USUAL.maxTokens, seed: USUAL.seed },
    ...{ model: answers.model.folder, source: answers.questions.source },
    ...{ limit: answers.limit, samples: answers.samples },
  });
}

/** @param earlier the folder of the probe whose questions are asked again */
export async function probeAgain(services: Services, earlier: string): Promise<void> {
  const folder = await chooseWorkFolder(vscode.Uri.file(earlier));
  if (!folder) return;
  const before = await findProbe(services, earlier);
  const { samples, temperature, maxTokens, seed, judge, tools } = before.asked ?? USUAL_ASKED;
  await services.models.ready();
  const answers = await guide<Pick<Answers, 'model' | 'questions' | 'name'>>(
    vscode.l10n.t('Probe Again'),
    [
      modelQuestion(services, probedModel(before)),
      nameQuestion(folder, path.basename(before.asked?.about.paths[0] ?? earlier)),
    ],
  );
  if (!answers?.model || !answers.name) return;
  await probe(services, folder, answers.name, {
    ...{ samples, temperature, maxTokens, seed, judge, tools: tools && [...tools] },
    model: answers.model.folder,
    source: { kind: 'probe', folder: earlier },
    before: earlier,
  });
}

const USUAL_ASKED = { ...USUAL, judge: undefined, tools: undefined };

function wholeIn(text: string, from: number, to: number): number | undefined {
  const value = Number(text);
  const fits = /^\d+$/.test(text) && value >= from && value <= to;
  return fits ? value : undefined;
}

/** Models that answer: those that were taught to chat. */
const answers = ({ chat, problem }: ModelSummary): boolean => chat && problem === undefined;

/** The model that a person began with, if there is one. */
async function answering(
  services: Services,
  offered: string | undefined,
): Promise<ModelSummary | undefined> {
  const { l10n } = vscode;
  const all = await services.models.ready();
  const given = all.find(({ folder }) => folder === offered);
  const remedy = l10n.t('Teach one by conversations first: "Glassbox: Fine-Tune Model...".');
  if (given && !answers(given))
    throw new GlassboxError(
      'no-chat-template',
      l10n.t('"{0}" goes on with texts and was not taught to answer.', given.name),
      { remedy },
    );
  if (all.some(answers)) return given;
  throw new GlassboxError('no-model', l10n.t('There is no model that was taught to answer.'), {
    remedy,
  });
}

function modelQuestion(services: Services, usual?: string): Question<Pick<Answers, 'model'>> {
  return async (answered, place) => {
    const all = services.models.list().filter(answers);
    const wanted = answered.model?.folder ?? usual;
    const item = await pick<ModelItem>(place, {
      placeHolder: vscode.l10n.t('Which model shall be asked?'),
      items: modelItems(all).filter(({ add }) => !add),
      active: (each) => each.model?.folder === wanted,
    });
    if (item === undefined || item === BACK) return item;
    return item.model ? { model: item.model } : undefined;
  };
}

const inProbes = (folder: vscode.WorkspaceFolder, name: string): string =>
  path.join(storageOf(folder.uri), 'probes', name);

/** @param about what the questions are of, where no answer tells */
function nameQuestion(
  folder: vscode.WorkspaceFolder,
  about?: string,
): Question<Pick<Answers, 'model' | 'questions' | 'name'>> {
  return async (answered, place) => {
    const { model, questions } = answered;
    const of = about?.replace(/(?<=.)\..*$/, '') ?? questions?.name ?? 'questions';
    const proposed = nameFrom(`${path.basename(model?.name ?? 'model')}-${of}`);
    const fileOf = (each: string): string => inProbes(folder, each);
    const value = answered.name ?? (await freeName(proposed, fileOf));
    const prompt = vscode.l10n.t(
      'What shall the probe be called? It goes to {0}.',
      vscode.workspace.asRelativePath(fileOf('NAME')),
    );
    const written = await askName(place, { value, prompt });
    return written === undefined || written === BACK ? written : { name: written };
  };
}

type Done = Extract<ProbeEvent, { kind: 'done' }>;

/** Asks, and opens what was found. Throws `cancelled`, and what the engine throws. */
async function probe(
  services: Services,
  folder: vscode.WorkspaceFolder,
  name: string,
  request: Omit<ProbeRequest, 'backend' | 'precision' | 'threads' | 'out'>,
): Promise<void> {
  await makeStorage(folder.uri);
  const out = inProbes(folder, name);
  const problems: string[] = [];
  await follow(services, { ...request, ...computing(), out }, name, problems);
  services.walkthrough.done('knowledge');
  await services.probes.refresh();
  await vscode.commands.executeCommand('glassbox.openProbe', { folder: out });
  if (problems.length > 0)
    tellLeftOut(problems).catch((thrown: unknown) => tellError(services.log, thrown));
}

function follow(
  services: Services,
  request: ProbeRequest,
  name: string,
  problems: string[],
): Thenable<Done> {
  const { l10n, window } = vscode;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: l10n.t('Probing "{0}"', name),
    cancellable: true,
  };
  return window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const methods = await services.engine.methods();
    let [doing, shown] = ['', 0];
    for await (const event of methods.probeKnowledge(request, abort.signal)) {
      if (event.kind === 'done') return event;
      if (event.kind === 'problem') problems.push(`${event.place}: ${event.message}`);
      if (event.kind !== 'progress') continue;
      // Writing, asking and judging each fill the bar anew.
      if (event.doing !== doing) [doing, shown] = [event.doing, 0];
      const percent = event.total === 0 ? 0 : (100 * event.done) / event.total;
      const message = progressText(event);
      progress.report({ message, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    }
    throw new GlassboxError('internal', l10n.t('The probe was not finished.'));
  });
}

function progressText({ doing, done, total }: Extract<ProbeEvent, { kind: 'progress' }>): string {
  const { l10n } = vscode;
  switch (doing) {
    case 'writing':
      return l10n.t('writing questions, {0} of {1} passages', done, total);
    case 'asking':
      return l10n.t('asking, {0} of {1} questions', done, total);
    case 'judging':
      return l10n.t('judging, {0} of {1} questions', done, total);
  }
}

/** Records and passages that gave no question. */
async function tellLeftOut(problems: readonly string[]): Promise<void> {
  const { l10n, window } = vscode;
  const [first = ''] = problems;
  const said =
    problems.length === 1
      ? l10n.t('One question could not be asked. {0}', first)
      : l10n.t('{0} questions could not be asked. The first: {1}', problems.length, first);
  const more = l10n.t('Show All');
  const answer = await window.showWarningMessage(said, more);
  if (answer !== more) return;
  const content = problems.join('\n');
  await window.showTextDocument(await vscode.workspace.openTextDocument({ content }));
}
