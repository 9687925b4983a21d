/** Tokenizers as things on the disk: their tree, training one, deleting one. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import type { TokenizerTrainRequest } from '../../protocol/messages';
import { countText } from '../formats';
import { BACK, guide, input, pick } from '../guide';
import type { Question } from '../guide';
import { registerCommand } from '../problems';
import { chooseText } from '../runs/chooseText';
import type { TextChoice } from '../runs/chooseText';
import { folderIn } from '../runs/pickRun';
import { moveToTrash } from '../runs/trash';
import type { Services } from '../services';
import {
  chooseWorkFolder,
  freeName,
  makeStorage,
  requireWorkFolders,
  storageOf,
  workFolders,
} from '../workspace';
import { liesIn } from './modelOrder';
import { TokenizerTree } from './tokenizerTree';

export function registerTokenizers(services: Services): vscode.Disposable {
  const { log, tokenizers } = services;
  const tree = new TokenizerTree(services);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('glassbox.tokenizers', { treeDataProvider: tree }),
    tokenizers.onDidChange(() => tree.update()),
    registerCommand(log, 'glassbox.trainTokenizer', (given) =>
      trainTokenizer(services, given instanceof vscode.Uri ? given : undefined),
    ),
    registerCommand(log, 'glassbox.deleteTokenizer', (given) => deleteTokenizer(services, given)),
  );
}

interface Answers {
  readonly text: TextChoice;
  readonly vocab: number;
  readonly pattern: string;
  readonly name: string;
}

const USUAL_VOCABULARY = 4096;
/** The 256 bytes, one merge and the token that ends a text. */
const SMALLEST_VOCABULARY = 258;
const LARGEST_VOCABULARY = 1_000_000;

async function trainTokenizer(services: Services, offered?: vscode.Uri): Promise<void> {
  const folder = await chooseWorkFolder(offered);
  if (!folder) return;
  const { l10n } = vscode;
  const [plans, asking] = await Promise.all([import('../runs/runPlan'), import('../runs/askName')]);

  const text: Question<Answers> = async (_, place) => {
    const choice = await chooseText(place, folder, offered);
    return choice === undefined || choice === BACK ? choice : { text: choice };
  };
  const vocabIn = (written: string): number | undefined => {
    const vocab = plans.stepsIn(written) ?? 0;
    return vocab >= SMALLEST_VOCABULARY && vocab <= LARGEST_VOCABULARY ? vocab : undefined;
  };
  const vocab: Question<Answers> = async (answers, place) => {
    const written = await input(place, {
      value: String(answers.vocab ?? USUAL_VOCABULARY),
      prompt: l10n.t('How many tokens? More make texts shorter, and models larger.'),
      problem: (value) =>
        vocabIn(value) === undefined
          ? l10n.t(
              'Expected a whole number from {0} to {1}.',
              SMALLEST_VOCABULARY,
              LARGEST_VOCABULARY,
            )
          : undefined,
    });
    if (written === undefined || written === BACK) return written;
    return { vocab: vocabIn(written) ?? USUAL_VOCABULARY };
  };
  const pattern: Question<Answers> = async (answers, place) => {
    const item = await pick(place, {
      placeHolder: l10n.t('How shall text be split before pairs are counted?'),
      items: [
        { label: 'gpt2', detail: l10n.t('Words, numbers and punctuation apart, as in GPT-2') },
        { label: 'cl100k', detail: l10n.t('Numbers in groups of three digits, as in GPT-4') },
        { label: 'o200k', detail: l10n.t('Words by upper and lower case, too, as in GPT-4o') },
      ],
      active: ({ label }) => label === answers.pattern,
    });
    return item === undefined || item === BACK ? item : { pattern: item.label };
  };
  const inTokenizers = (name: string): string =>
    path.join(storageOf(folder.uri), 'tokenizers', name);
  const name: Question<Answers> = async (answers, place) => {
    const proposed = plans.nameFrom(answers.text?.name ?? 'tokenizer');
    const written = await asking.askName(place, {
      value: answers.name ?? (await freeName(proposed, inTokenizers)),
      prompt: l10n.t('What shall the tokenizer be called?'),
    });
    return written === undefined || written === BACK ? written : { name: written };
  };

  const answers = await guide<Answers>(l10n.t('Train Tokenizer'), [text, vocab, pattern, name]);
  if (!answers?.text || !answers.vocab || !answers.pattern || !answers.name) return;
  const { paths } = answers.text;
  const { extensionUri } = services.context;
  const sample = vscode.Uri.joinPath(extensionUri, 'dist', 'sample', 'moby-dick.txt').fsPath;
  await makeStorage(folder.uri);
  const out = path.join(inTokenizers(await freeName(answers.name, inTokenizers)), 'tokenizer.json');
  const made = await learn(services, {
    data: paths === 'sample' ? [sample] : [...paths],
    vocab: answers.vocab,
    pattern: answers.pattern,
    specialTokens: ['<|endoftext|>'],
    out,
  });
  await services.tokenizers.refresh();
  services.walkthrough.done('tokenizer');
  const show = l10n.t('Show Tokens with It');
  const answer = await vscode.window.showInformationMessage(
    l10n.t(
      'The tokenizer "{0}" has {1} tokens.',
      path.basename(path.dirname(out)),
      countText(made),
    ),
    show,
  );
  if (answer === show)
    await vscode.commands.executeCommand('glassbox.useTokenizer', { tokenizer: out });
}

/** Gives the size of the vocabulary. Throws `cancelled`, and what the engine throws. */
async function learn(services: Services, request: TokenizerTrainRequest): Promise<number> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Training a tokenizer'),
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const methods = await services.engine.methods();
    const begun = new Set<string>();
    let shown = 0;
    for await (const event of methods.trainTokenizer(request, abort.signal)) {
      if (event.kind === 'done') return event.vocab;
      const { doing, done, total } = event;
      begun.add(doing);
      // Two things are done one after the other, and each has half of the bar.
      const percent = 50 * (begun.size - 1 + (total ? Math.min(1, done / total) : 0));
      progress.report({ message: doing, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    }
    throw new GlassboxError('internal', vscode.l10n.t('The tokenizer was not finished.'));
  });
}

async function deleteTokenizer({ tokenizers }: Services, given: unknown): Promise<void> {
  requireWorkFolders();
  const file = folderIn(given);
  if (file === undefined) return;
  const { l10n, window } = vscode;
  const toTrash = l10n.t('Move to Trash');
  const answer = await window.showWarningMessage(
    l10n.t('Delete the tokenizer?'),
    { modal: true, detail: file },
    toTrash,
  );
  if (answer !== toTrash) return;
  // One that was trained here has a folder of its own.
  const own = workFolders().map(({ uri }) => path.join(storageOf(uri), 'tokenizers'));
  const folder = path.dirname(file);
  await moveToTrash(vscode.Uri.file(liesIn(folder, own) ? folder : file));
  await tokenizers.refresh();
}
