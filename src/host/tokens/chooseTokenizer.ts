/** How a person chooses the tokenizer: a list, and the setting that keeps the choice. */
import * as vscode from 'vscode';
import { tellError } from '../problems';
import type { Services } from '../services';
import { storageOf, workFolders } from '../workspace';
import { folderOf, tokenizerOf } from './mirroredDocuments';
import { BUILTIN_TOKENIZERS, tokenizerSetting } from './tokenizerNames';

interface Choice extends vscode.QuickPickItem {
  readonly tokenizer?: string;
  readonly browse?: true;
}

export async function chooseTokenizer({ log, tokenizers }: Services): Promise<void> {
  const { t } = vscode.l10n;
  const uri = vscode.window.activeTextEditor?.document.uri;
  const chosen = tokenizerOf(uri);
  const pick = vscode.window.createQuickPick<Choice>();
  pick.title = t('Show tokens as cut by');
  pick.placeholder = t('Choose a tokenizer');
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  const fill = (): void => {
    pick.items = choices(tokenizers, chosen);
    const now = pick.items.find(({ tokenizer }) => tokenizer === chosen);
    if (now) pick.activeItems = [now];
  };
  fill();
  const changes = tokenizers.onDidChange(fill);
  pick.busy = true;
  void tokenizers.ready().then(
    () => (pick.busy = false),
    (thrown: unknown) => {
      pick.busy = false;
      return tellError(log, thrown);
    },
  );
  const choice = await new Promise<Choice | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  changes.dispose();
  const tokenizer = choice?.browse ? await browse() : choice?.tokenizer;
  if (tokenizer !== undefined) await useTokenizer(tokenizer);
}

/** Writes the setting where it is written already, else for the workspace, else for the person. */
export async function useTokenizer(tokenizer: string): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const configuration = vscode.workspace.getConfiguration('glassbox', uri);
  const written = configuration.inspect('tokens.tokenizer');
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  const { workspaceFolders, workspaceFile, isTrusted } = vscode.workspace;
  const hasWorkspace = workspaceFile !== undefined || (workspaceFolders?.length ?? 0) > 0;
  // A folder that is not trusted has no say in this setting.
  const target =
    !hasWorkspace || !isTrusted
      ? Global
      : written?.workspaceFolderValue !== undefined && uri
        ? WorkspaceFolder
        : Workspace;
  // A path relative to one of several folders would be another file from the others.
  const ofOneFolder =
    target === WorkspaceFolder || (target === Workspace && workspaceFolders?.length === 1);
  const folder = ofOneFolder ? folderOf(uri) : undefined;
  await configuration.update('tokens.tokenizer', tokenizerSetting(tokenizer, folder), target);
}

function choices(tokenizers: Services['tokenizers'], chosen: string): Choice[] {
  const { t } = vscode.l10n;
  const number = new Intl.NumberFormat(vscode.env.language);
  const own = workFolders().map(({ uri }) => storageOf(uri));
  const group = (label: string, items: Choice[]): Choice[] =>
    items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
  const items = tokenizers.list().map((each) => {
    const vocab = t('{0} tokens', number.format(each.vocab));
    const known = BUILTIN_TOKENIZERS.get(each.tokenizer);
    const item: Choice = {
      label: `${each.tokenizer === chosen ? '$(check) ' : ''}${each.name}`,
      description: each.problem ?? (known === undefined ? vocab : `${known} · ${vocab}`),
      ...(each.builtin ? {} : { detail: vscode.workspace.asRelativePath(each.tokenizer) }),
      ...(each.problem === undefined ? { tokenizer: each.tokenizer } : {}),
    };
    return { item, builtin: each.builtin, own: own.some((at) => each.tokenizer.startsWith(at)) };
  });
  const of = (which: (each: { builtin: boolean; own: boolean }) => boolean): Choice[] =>
    items.filter(which).map(({ item }) => item);
  const file: Choice = { label: t('$(folder-opened) Choose a tokenizer.json...'), browse: true };
  return [
    ...group(
      t('Built in'),
      of(({ builtin }) => builtin),
    ),
    ...group(
      t('Trained here'),
      of((each) => each.own),
    ),
    ...group(
      t('Found'),
      of((each) => !each.builtin && !each.own),
    ),
    ...(vscode.workspace.isTrusted ? group(t('Other'), [file]) : []),
  ];
}

async function browse(): Promise<string | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Choose a tokenizer.json'),
      filters: { [vscode.l10n.t('Tokenizers')]: ['json'] },
    })) ?? [];
  return file?.fsPath;
}
