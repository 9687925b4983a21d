/** More prompts for the queue: from datasets, from a list of seeds, or made up by a model. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { atomicFile, readTextFile } from '../../base/files';
import { Rng } from '../../base/rng';
import { parseSeeds, promptsFrom, STARTING_SEEDS } from '../../labels/seeds';
import type { NewTask } from '../../labels/tasks';
import { computing } from '../chat/openChat';
import type { Services } from '../services';
import { settings } from '../settings';
import type { Desk } from './desk';
import { promptsIn, promptsRequest } from './drafting';
import { chooseDrafter } from './labeller';
import { UNUSED } from './labelTree';
import type { OpenDesk } from './openDesk';
import { promptOf, readPrompts } from './readPrompts';

const SEED_FILES = '**/*.seeds.txt';
/** Examples that a model is shown, and times that it is asked, at most. */
const SHOWN = 8;
const MOST_ASKED = 60;

export async function addPrompts(services: Services, { desk, uri }: OpenDesk): Promise<void> {
  const { l10n, window } = vscode;
  desk.needLabeller();
  const ways = [
    {
      label: l10n.t('$(file-add) Import a Dataset...'),
      detail: l10n.t('JSON Lines, JSON, ChatML or plain text, a prompt a line'),
      run: () => importDataset(services, desk, uri),
    },
    {
      label: l10n.t('$(symbol-key) From a List of Seeds...'),
      detail: l10n.t('Prompts with slots, filled in every way'),
      run: () => fromSeeds(desk, uri),
    },
    {
      label: l10n.t('$(sparkle) Ask a Model...'),
      detail: l10n.t(
        'The model goes on with a list of the prompts that are there; small ones stay close to them',
      ),
      run: () => fromModel(services, desk),
    },
  ];
  const way = await window.showQuickPick(ways, { title: l10n.t('Add Prompts') });
  const added = await way?.run();
  if (added !== undefined) tellAdded(added);
}

function tellAdded({ added, left }: Added): void {
  const { l10n, window } = vscode;
  const said = l10n.t('Prompts added: {0}.', added);
  const more = left > 0 ? ` ${l10n.t('There already, or without a question: {0}.', left)}` : '';
  void window.showInformationMessage(said + more);
}

interface Added {
  readonly added: number;
  /** What came to nothing: it was there, or could not be used. */
  readonly left: number;
}

async function addTo(desk: Desk, wanted: readonly NewTask[], unusable = 0): Promise<Added> {
  const { length } = await desk.add(wanted);
  return { added: length, left: wanted.length - length + unusable };
}

async function importDataset(
  services: Services,
  desk: Desk,
  uri: vscode.Uri,
): Promise<Added | undefined> {
  const { l10n, window } = vscode;
  const files = await window.showOpenDialog({
    title: l10n.t('Import a Dataset'),
    canSelectMany: true,
    defaultUri: vscode.Uri.joinPath(uri, '..'),
    filters: { [l10n.t('Conversations and prompts')]: ['jsonl', 'json', 'chatml', 'txt'] },
  });
  if (!files) return undefined;
  const { wanted, unusable, first } = await readPrompts(
    services.engine,
    files.map(({ fsPath }) => fsPath),
  );
  if (wanted.length === 0)
    throw new GlassboxError('no-prompts', l10n.t('There is no prompt in what was chosen.'), {
      ...(first !== undefined && { remedy: first }),
    });
  const answered = wanted.filter(({ suggestion }) => suggestion).length;
  if (answered === 0) return addTo(desk, wanted, unusable);
  const withAnswers = {
    label: l10n.t('With Their Answers'),
    detail: l10n.t('To be checked and mended: each answer field begins with the one in the file'),
    keep: true,
  };
  const alone = {
    label: l10n.t('Prompts Alone'),
    detail: l10n.t('The answer fields begin empty'),
    keep: false,
  };
  const picked = await window.showQuickPick([withAnswers, alone], {
    title: l10n.t('{0} of {1} prompts have an answer', answered, wanted.length),
  });
  if (!picked) return undefined;
  const chosen = picked.keep
    ? wanted
    : wanted.map(({ mode, turns, source = '' }): NewTask => ({ mode, turns, source }));
  return addTo(desk, chosen, unusable);
}

const knownPrompts = (desk: Desk): string[] =>
  desk.ledger.tasks.flatMap(({ mode, turns }) =>
    mode === 'answer' && turns.length === 1 ? [turns[0]!.content] : [],
  );

async function fromSeeds(desk: Desk, uri: vscode.Uri): Promise<Added | undefined> {
  const { l10n, window, workspace } = vscode;
  const found = await workspace.findFiles(SEED_FILES, UNUSED);
  if (found.length === 0) {
    const file = vscode.Uri.joinPath(uri, '..', 'prompts.seeds.txt');
    await atomicFile(file.fsPath, STARTING_SEEDS);
    await window.showTextDocument(file, { viewColumn: vscode.ViewColumn.Beside });
    void window.showInformationMessage(
      l10n.t('Here is a list of seeds to begin with. Change and save it; then add prompts again.'),
    );
    return undefined;
  }
  const files = found.map((each) => ({ file: each, label: workspace.asRelativePath(each) }));
  const placeHolder = l10n.t('Which list of seeds?');
  const picked = files.length === 1 ? files[0] : await window.showQuickPick(files, { placeHolder });
  if (!picked) return undefined;
  const seeds = parseSeeds(await readTextFile(picked.file.fsPath));
  const count = await askCount(l10n.t('How many prompts from {0}?', picked.label), 20);
  if (count === undefined) return undefined;
  const known = new Set(knownPrompts(desk));
  const prompts = promptsFrom(seeds, { count, seed: known.size, known });
  const { added } = await addTo(
    desk,
    prompts.map((each) => promptOf(each, path.basename(picked.file.fsPath))),
  );
  return { added, left: 0 };
}

async function fromModel(services: Services, desk: Desk): Promise<Added | undefined> {
  const { l10n, window } = vscode;
  const examples = knownPrompts(desk);
  if (examples.length < 2)
    throw new GlassboxError(
      'no-examples',
      l10n.t('A model needs at least two prompts in the queue to go on from.'),
      { remedy: l10n.t('Write or import some first.') },
    );
  const model = await chooseDrafter(services, l10n.t('Make up prompts with'));
  if (!model) return undefined;
  const count = await askCount(l10n.t('How many prompts?'), 10);
  if (count === undefined) return undefined;
  const known = new Set(examples);
  const made: string[] = [];
  const { generate } = await services.engine.methods();
  const title = l10n.t('{0} makes up prompts', model.name);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  await window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    for (let asked = 0; made.length < count && asked < MOST_ASKED; asked++) {
      const shown = drawn(examples, SHOWN, asked);
      const request = promptsRequest(shown, model, settings.sampling(), asked);
      try {
        for await (const event of generate({ ...request, ...computing() }, abort.signal))
          if (event.kind === 'done')
            for (const prompt of promptsIn(event.text, event.finishReason === 'end'))
              if (made.length < count && !known.has(prompt)) {
                known.add(prompt);
                made.push(prompt);
              }
      } catch (thrown) {
        // What was made up to then stays.
        if (!abort.signal.aborted) throw thrown;
        return;
      }
      progress.report({ message: l10n.t('{0} of {1}', made.length, count) });
    }
  });
  if (made.length === 0)
    throw new GlassboxError('no-prompts', l10n.t('{0} made up nothing new.', model.name), {
      remedy: l10n.t('Raise the temperature in the settings, or choose a larger model.'),
    });
  return addTo(
    desk,
    made.map((each) => promptOf(each, model.name)),
  );
}

function drawn(texts: readonly string[], count: number, seed: number): string[] {
  const rng = new Rng(seed);
  const left = [...texts];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [one = ''] = left.splice(rng.below(left.length), 1);
    return one;
  });
}

export async function askCount(title: string, usual: number): Promise<number | undefined> {
  const { l10n, window } = vscode;
  const isCount = (text: string): boolean => /^[1-9]\d{0,3}$/.test(text.trim());
  const text = await window.showInputBox({
    title,
    value: String(usual),
    validateInput: (value) => (isCount(value) ? undefined : l10n.t('A number from 1 to 9999.')),
  });
  return text === undefined ? undefined : Number(text);
}
