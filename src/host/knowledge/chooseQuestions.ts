/**
 * The question what to ask a model about: a Tinyworld, a file of questions, or a corpus and texts about
 * which a model writes questions.
 */
import { access } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ProbeRequest } from '../../protocol/knowledgeMessages';
import { datasetsIn } from '../datasets/chooseDataset';
import { BACK, pick } from '../guide';
import type { Answer, Place } from '../guide';
import { liesIn } from '../models/modelOrder';
import { modelItems, type ModelItem } from '../models/modelTexts';
import { chooseText } from '../runs/chooseText';
import type { Services } from '../services';
import { settings } from '../settings';

export interface QuestionChoice {
  readonly source: ProbeRequest['source'];
  /** What a probe with them could be called. */
  readonly name: string;
}

interface SourceItem extends vscode.QuickPickItem {
  readonly choose: () => Promise<Answer<QuestionChoice>>;
}

const MOST_WORLDS = 20;
const MOST_FILES = 30;

export async function chooseQuestions(
  place: Place,
  { models, corpora }: Services,
  folder: vscode.WorkspaceFolder,
  model: ModelSummary | undefined,
): Promise<Answer<QuestionChoice>> {
  const { l10n, ThemeIcon } = vscode;
  const [worlds, datasets, made] = await Promise.all([
    worldsIn(folder),
    datasetsIn(folder),
    corpora.ready().catch(() => []),
  ]);
  const files = datasets.filter(({ file }) => !liesIn(file, worlds)).slice(0, MOST_FILES);
  const byModel = (paths: readonly string[], name: string) =>
    chooseWriter(place, models.list(), model, paths, name);
  const items: SourceItem[] = [
    ...worlds.flatMap((world) => worldItems(world)),
    ...files.map(({ file }) => fileItem(file)),
    ...made
      .filter(({ problem, unfinished }) => problem === undefined && !unfinished)
      .map((corpus): SourceItem => {
        return {
          label: corpus.name,
          iconPath: new ThemeIcon('database'),
          description: l10n.t('a model writes the questions'),
          detail: vscode.workspace.asRelativePath(corpus.folder),
          choose: () => byModel([corpus.folder], corpus.name),
        };
      }),
    {
      label: l10n.t('Texts, About Which a Model Writes Questions...'),
      iconPath: new ThemeIcon('sparkle'),
      detail: l10n.t('Only questions whose answers stand in the text are asked'),
      choose: async () => {
        const options = { question: l10n.t('Texts about what?'), sample: false };
        const text = await chooseText(place, folder, undefined, options);
        if (text === undefined || text === BACK) return text;
        return text.paths === 'sample' ? BACK : byModel(text.paths, text.name);
      },
    },
    {
      label: l10n.t('Choose Files of Questions...'),
      iconPath: new ThemeIcon('files'),
      detail: l10n.t('Records with question and answer, or conversations: .jsonl, .json, .chatml'),
      choose: async () => {
        const paths = await browse(folder, { canSelectFiles: true, canSelectMany: true });
        return paths ? { source: { kind: 'questions', paths }, name: nameOf(paths) } : BACK;
      },
    },
    {
      label: l10n.t('Choose a Tinyworld...'),
      iconPath: new ThemeIcon('globe'),
      detail: l10n.t('A folder that "glassbox tinyworld" has made'),
      choose: async () => {
        const [world] = (await browse(folder, { canSelectFolders: true })) ?? [];
        if (world === undefined) return BACK;
        const item = await pick<SourceItem>(place, {
          placeHolder: l10n.t('About whom?'),
          items: worldItems(world),
        });
        return item === undefined || item === BACK ? item : item.choose();
      },
    },
  ];
  for (;;) {
    const item = await pick<SourceItem>(place, {
      placeHolder: l10n.t('What shall it be asked about?'),
      items,
    });
    if (item === undefined || item === BACK) return item;
    const chosen = await item.choose();
    // A dialog that was left, or a way back, leads to the question again.
    if (chosen !== BACK) return chosen;
  }
}

function worldItems(world: string): SourceItem[] {
  const { l10n, ThemeIcon } = vscode;
  const name = path.basename(world);
  const itemOf = (split: 'taught' | 'held-out', description: string, detail: string) => ({
    label: name,
    iconPath: new ThemeIcon('globe'),
    description,
    detail,
    choose: () =>
      Promise.resolve<QuestionChoice>({
        source: { kind: 'tinyworld', folder: world, split },
        name: split === 'taught' ? name : `${name}-held-out`,
      }),
  });
  return [
    itemOf(
      'taught',
      l10n.t('whom its conversations may name'),
      l10n.t('To teach by what is found'),
    ),
    itemOf(
      'held-out',
      l10n.t('people and wordings of no conversation'),
      l10n.t('To measure what was taught'),
    ),
  ];
}

function fileItem(file: string): SourceItem {
  return {
    label: path.basename(file),
    iconPath: new vscode.ThemeIcon('question'),
    detail: vscode.workspace.asRelativePath(file),
    choose: () =>
      Promise.resolve({ source: { kind: 'questions', paths: [file] }, name: nameOf([file]) }),
  };
}

const nameOf = (paths: readonly string[]): string =>
  path.basename(paths[0] ?? '').replace(/(?<=.)\..*$/, '');

/** Which model writes the questions: the one that is asked, or a better one. */
async function chooseWriter(
  place: Place,
  models: readonly ModelSummary[],
  asked: ModelSummary | undefined,
  paths: readonly string[],
  name: string,
): Promise<Answer<QuestionChoice>> {
  const { l10n } = vscode;
  const item = await pick<ModelItem>(place, {
    placeHolder: l10n.t('Which model shall write the questions? Small ones write few.'),
    items: modelItems(models).filter(({ add }) => !add),
    active: (each) => each.model?.folder === asked?.folder,
  });
  if (item === undefined || item === BACK) return item;
  const writer = item.model?.folder;
  return { source: { kind: 'texts', paths: [...paths], writer }, name };
}

/** Folders that hold a Tinyworld: its table of truth, and the stories that tell it. */
async function worldsIn(folder: vscode.WorkspaceFolder): Promise<string[]> {
  const pattern = new vscode.RelativePattern(folder, '**/facts.jsonl');
  const passedOver = `**/{node_modules,.git,${settings.storageFolder(folder)}}/**`;
  const found = await vscode.workspace.findFiles(pattern, passedOver, MOST_WORLDS);
  const worlds: string[] = [];
  for (const { fsPath } of found) {
    const world = path.dirname(fsPath);
    const whole = await access(path.join(world, 'stories.jsonl')).then(
      () => true,
      () => false,
    );
    if (whole) worlds.push(world);
  }
  return worlds.sort();
}

async function browse(
  folder: vscode.WorkspaceFolder,
  options: vscode.OpenDialogOptions,
): Promise<string[] | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    ...options,
    defaultUri: folder.uri,
    title: vscode.l10n.t('What to Ask About'),
    openLabel: vscode.l10n.t('Choose'),
  });
  return chosen?.map(({ fsPath }) => fsPath);
}
