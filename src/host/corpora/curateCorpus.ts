/** Making a corpus: from a few questions, or as a `*.corpus.json` says. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError, hasCode } from '../../base/errors';
import type { CurateEvent } from '../../protocol/corpusMessages';
import { corpusRecipe, type CorpusRecipe } from '../../recipe/corpus';
import { resolveCorpusPaths } from '../../recipe/paths';
import { countText } from '../formats';
import { BACK, guide, input, pick } from '../guide';
import type { Question } from '../guide';
import { tellError } from '../problems';
import { askName } from '../runs/askName';
import { nameFrom } from '../runs/runPlan';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import { settings } from '../settings';
import { chooseWorkFolder, freeName, makeStorage, storageOf } from '../workspace';
import { chooseSources, type SourceChoice } from './chooseSources';
import { languagesIn, percentOf, ranked, recipeOf } from './corpusPlan';

interface Answers {
  readonly sources: SourceChoice;
  readonly languages: readonly string[];
  readonly format: 'jsonl' | 'parquet';
  readonly name: string;
}

const inCorpora = (folder: vscode.WorkspaceFolder, name: string): string =>
  path.join(storageOf(folder.uri), 'corpora', name);

/** @param offered the file or folder that a person began with. */
export async function curateCorpus(services: Services, offered?: vscode.Uri): Promise<void> {
  const folder = await chooseWorkFolder(offered);
  if (!folder) return;
  const { l10n } = vscode;

  const sources: Question<Answers> = async (_, place) => {
    const choice = await chooseSources(place, folder, offered);
    return choice === undefined || choice === BACK ? choice : { sources: choice };
  };
  const languages: Question<Answers> = async (answers, place) => {
    const written = await input(place, {
      value: (answers.languages ?? ['en']).join(', '),
      prompt: l10n.t(
        'Which languages shall be kept? Codes such as en, de; nothing keeps them all.',
      ),
      problem: (value) =>
        languagesIn(value) === undefined
          ? l10n.t('Expected codes of two or three letters, with commas between them.')
          : undefined,
    });
    if (written === undefined || written === BACK) return written;
    return { languages: languagesIn(written) ?? [] };
  };
  const format: Question<Answers> = async (answers, place) => {
    const item = await pick(place, {
      placeHolder: l10n.t('How shall documents be written?'),
      items: [
        {
          format: 'jsonl' as const,
          label: l10n.t('JSON Lines'),
          detail: l10n.t('A line of text each, which any editor opens'),
        },
        {
          format: 'parquet' as const,
          label: l10n.t('Parquet'),
          detail: l10n.t('Columns, smaller on the disk, as data sets are published'),
        },
      ],
      active: (each) => each.format === answers.format,
    });
    return item === undefined || item === BACK ? item : { format: item.format };
  };
  const name: Question<Answers> = async (answers, place) => {
    const proposed = nameFrom(answers.sources?.name ?? 'corpus');
    const fileOf = (each: string): string => inCorpora(folder, each);
    const written = await askName(place, {
      value: answers.name ?? (await freeName(proposed, fileOf)),
      prompt: l10n.t(
        'What shall the corpus be called? It goes to {0}.',
        vscode.workspace.asRelativePath(fileOf('NAME')),
      ),
      taken: (each) => services.corpora.list().some((corpus) => corpus.folder === fileOf(each)),
    });
    return written === undefined || written === BACK ? written : { name: written };
  };

  const questions = [sources, languages, format, name];
  const answers = await guide<Answers>(l10n.t('Curate Corpus'), questions);
  if (!answers?.sources || !answers.languages || !answers.format || !answers.name) return;
  const recipe = recipeOf({
    name: answers.name,
    sources: answers.sources.paths,
    languages: answers.languages,
    format: answers.format,
  });
  await make(services, folder, recipe, inCorpora(folder, answers.name));
}

const ENDING = /\.corpus\.json$/i;

/** Goes on with a corpus that the recipe has begun; beside one that is finished it makes another. */
export async function curateFromRecipe(services: Services, given: unknown): Promise<void> {
  const uri = given instanceof vscode.Uri ? given : await chooseRecipe();
  if (!uri) return;
  const folder = await chooseWorkFolder(uri);
  if (!folder) return;
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty && !(await document.save())) return;
  const file = path.basename(uri.fsPath);
  const recipe = resolveCorpusPaths(
    corpusRecipe.parse(document.getText(), file),
    path.dirname(uri.fsPath),
  );
  const name = recipe.name ?? nameFrom(file.replace(ENDING, ''));
  const finished = (each: string): string => path.join(inCorpora(folder, each), 'corpus.json');
  await make(services, folder, recipe, inCorpora(folder, await freeName(name, finished)));
}

/** The recipe in the active editor, else the one that is picked. */
async function chooseRecipe(): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.scheme === 'file' && ENDING.test(active.path)) return active;
  const { l10n, window, workspace } = vscode;
  const found = await workspace.findFiles('**/*.corpus.json', '**/{node_modules,.glassbox}/**');
  if (found.length === 0)
    throw new GlassboxError('no-recipe', l10n.t('There is no *.corpus.json in this workspace.'), {
      remedy: l10n.t('Use "Glassbox: Curate Corpus...", or make such a file: {} is one.'),
    });
  const items = found
    .map((uri) => ({ uri, label: workspace.asRelativePath(uri) }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
  const placeHolder = l10n.t('Which corpus shall be made?');
  return (await window.showQuickPick(items, { placeHolder }))?.uri;
}

/** Goes on with what was begun in the folder, by the recipe that it was begun with. */
export async function goOnWithCorpus(services: Services, out: string): Promise<void> {
  const folder = await chooseWorkFolder(vscode.Uri.file(out));
  if (folder) await make(services, folder, undefined, out);
}

type Done = Extract<CurateEvent, { kind: 'done' }>;

/** Undefined goes on with what was begun in the folder. */
async function make(
  services: Services,
  folder: vscode.WorkspaceFolder,
  recipe: CorpusRecipe | undefined,
  out: string,
): Promise<void> {
  await makeStorage(folder.uri);
  const name = path.basename(out);
  let done: Done;
  try {
    done = await follow(services, recipe, out);
  } catch (thrown) {
    const again = (): Promise<void> => make(services, folder, recipe, out);
    if (hasCode(thrown, 'cancelled')) await tellStopped(services, out, again);
    else if (recipe && hasCode(thrown, 'corpus-different')) {
      const beside = inCorpora(folder, await freeName(name, (each) => inCorpora(folder, each)));
      await tellDifferent(out, again, () => make(services, folder, recipe, beside));
    } else throw inThisEditor(thrown, out);
    return;
  } finally {
    await services.corpora.refresh();
  }
  void tellDone(name, done).catch((thrown: unknown) => tellError(services.log, thrown));
}

/** The engine's remedies speak of the command line. */
function inThisEditor(thrown: unknown, out: string): unknown {
  const { l10n } = vscode;
  const remedies: Readonly<Record<string, string>> = {
    'corpus-exists': l10n.t('Delete that corpus first, or choose another name.'),
    'not-a-corpus': l10n.t('Empty the folder {0}, or choose another name.', out),
    'run-busy': l10n.t('Wait for it, or choose another name.'),
    'no-plan': l10n.t('Make it anew with "Glassbox: Curate Corpus...".'),
  };
  const remedy = thrown instanceof GlassboxError ? remedies[thrown.code] : undefined;
  if (!(thrown instanceof GlassboxError) || remedy === undefined) return thrown;
  return new GlassboxError(thrown.code, thrown.message, { remedy, cause: thrown });
}

/** Throws `cancelled`, and what the engine throws. */
function follow(services: Services, recipe: CorpusRecipe | undefined, out: string): Thenable<Done> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Curating "{0}"', path.basename(out)),
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const methods = await services.engine.methods();
    const threads = settings.threads();
    const request = {
      ...(recipe ? { recipe } : {}),
      out,
      ...(threads === 0 ? {} : { workers: threads }),
    };
    let shown = 0;
    for await (const event of methods.curate(request, abort.signal)) {
      if (event.kind === 'done') return event;
      // It is in the tree from now on.
      if (event.kind === 'start') void services.corpora.refresh().catch(() => undefined);
      if (event.kind !== 'progress') continue;
      const percent = percentOf(event);
      progress.report({ message: progressText(event), increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    }
    throw new GlassboxError('internal', vscode.l10n.t('The corpus was not finished.'));
  });
}

function progressText(event: Extract<CurateEvent, { kind: 'progress' }>): string {
  const { l10n } = vscode;
  const [kept, documents] = [countText(event.kept), countText(event.documents)];
  switch (event.phase) {
    case 'filter':
      return l10n.t('filtering, {0} of {1} documents kept', kept, documents);
    case 'duplicates':
      return l10n.t('looking for copies among {0} documents', kept);
    case 'write':
      return l10n.t('writing');
  }
}

async function tellStopped(
  { corpora }: Services,
  out: string,
  goOn: () => Promise<void>,
): Promise<void> {
  const { l10n, window } = vscode;
  // A folder in which nothing was begun is gone.
  const begun = await access(out).then(
    () => true,
    () => false,
  );
  if (!begun) return;
  await corpora.refresh();
  const [further, discard] = [l10n.t('Go On'), l10n.t('Discard')];
  const said = l10n.t(
    '"{0}" is not finished. What was done so far is in {1}.',
    ...[path.basename(out), out],
  );
  const answer = await window.showInformationMessage(said, further, discard);
  if (answer === further) await goOn();
  if (answer === discard) await moveToTrash(vscode.Uri.file(out));
}

/** What lies in the folder was begun with another recipe: it is given up, or left as it is. */
async function tellDifferent(
  out: string,
  beginAnew: () => Promise<void>,
  makeBeside: () => Promise<void>,
): Promise<void> {
  const { l10n, window } = vscode;
  const [anew, beside] = [l10n.t('Discard and Begin Anew'), l10n.t('Make Another')];
  const answer = await window.showWarningMessage(
    l10n.t(
      '"{0}" is not finished, and was begun with another recipe or other sources.',
      path.basename(out),
    ),
    anew,
    beside,
  );
  if (answer === anew) {
    await moveToTrash(vscode.Uri.file(out));
    await beginAnew();
  }
  if (answer === beside) await makeBeside();
}

async function tellDone(name: string, done: Done): Promise<void> {
  const { commands, l10n, window } = vscode;
  const { documentsIn, documentsKept, tokens, dropped, out } = done;
  const [first] = ranked(dropped);
  const said = [
    l10n.t(
      'The corpus "{0}" holds {1} of {2} documents, {3} tokens.',
      ...[name, countText(documentsKept), countText(documentsIn), countText(tokens)],
    ),
    ...(first
      ? [l10n.t('The most frequent reason of dropping is {0}: {1}.', first[0], countText(first[1]))]
      : []),
  ].join(' ');
  const [train, show] = [l10n.t('Train on It'), l10n.t('Open Corpus')];
  const answer = await (documentsKept === 0
    ? window.showWarningMessage(said, show)
    : window.showInformationMessage(said, train, show));
  if (answer === train) await commands.executeCommand('glassbox.trainOnCorpus', { folder: out });
  if (answer === show) await commands.executeCommand('glassbox.openCorpus', { folder: out });
}
