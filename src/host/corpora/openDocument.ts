/** "Open Document of Corpus": a list that the engine fills while one types, as Go to File does. */
import * as vscode from 'vscode';
import type { CorpusDocumentRequest, CorpusDocuments } from '../../protocol/corpusMessages';
import { documentName } from '../../protocol/documentName';
import { countText } from '../formats';
import { tellError } from '../problems';
import type { Services } from '../services';
import { corpusUri, type CorpusFiles } from './corpusFiles';
import { namedBy, type Named } from './corpusUri';

/** More would not be read: a person types another word. */
const MOST_SHOWN = 200;

type Found = CorpusDocuments['documents'][number];

interface DocumentItem extends vscode.QuickPickItem {
  readonly document?: Found;
}

export async function openDocument(
  services: Pick<Services, 'engine' | 'log'>,
  files: CorpusFiles,
  corpus: string,
): Promise<void> {
  const document = await choose(services, corpus);
  if (!document) return;
  const { shard, line } = document;
  await showDocument(files, { corpus, shard, line }, documentName(document));
}

/** Opens one in an editor. */
export async function showDocument(
  files: CorpusFiles,
  place: CorpusDocumentRequest,
  name: string,
): Promise<void> {
  const uri = corpusUri({ kind: 'document', ...place }, name);
  // What is wrong with it is told in the engine's words.
  await files.explanation(uri);
  await vscode.window.showTextDocument(uri, { preview: true });
}

function choose(
  { engine, log }: Pick<Services, 'engine' | 'log'>,
  corpus: string,
): Promise<Found | undefined> {
  const { l10n } = vscode;
  const picker = vscode.window.createQuickPick<DocumentItem>();
  picker.title = l10n.t('Open Document of Corpus');
  picker.placeholder = l10n.t('Words of its text, its title, its address, or a reason of dropping');
  let asking = new AbortController();
  const fill = async (query: string): Promise<void> => {
    asking.abort();
    const { signal } = (asking = new AbortController());
    picker.busy = true;
    try {
      const methods = await engine.methods();
      const found = await methods.corpusDocuments({ corpus, query, limit: MOST_SHOWN }, signal);
      if (!signal.aborted) picker.items = itemsOf(found);
    } catch (thrown) {
      if (signal.aborted) return;
      picker.hide();
      await tellError(log, thrown);
    } finally {
      if (!signal.aborted) picker.busy = false;
    }
  };
  return new Promise<Found | undefined>((resolve) => {
    picker.onDidChangeValue((value) => void fill(value));
    picker.onDidAccept(() => {
      const document = picker.selectedItems[0]?.document;
      if (!document) return;
      resolve(document);
      picker.hide();
    });
    picker.onDidHide(() => {
      asking.abort();
      picker.dispose();
      resolve(undefined);
    });
    picker.show();
    void fill('');
  });
}

/** The engine has chosen: VS Code shall not leave out what has the words in its text alone. */
function itemsOf({ documents, more }: CorpusDocuments): DocumentItem[] {
  const { l10n } = vscode;
  const items = documents.map((document): DocumentItem => {
    const { dropped, tokens, start } = document;
    return {
      document,
      label: `${dropped === undefined ? '$(pass)' : '$(circle-slash)'} ${documentName(document)}`,
      description:
        dropped === undefined
          ? l10n.t('{0} tokens', countText(tokens))
          : l10n.t('dropped: {0}', dropped),
      detail: start,
      alwaysShow: true,
    };
  });
  if (items.length === 0)
    return [{ label: l10n.t('No document has these words'), alwaysShow: true }];
  if (!more) return items;
  const label = l10n.t('There are more: type words that it has');
  return [...items, { label, alwaysShow: true }];
}

/** From a document to the page that it was made of, with what was cut; and back. */
export async function showPage(files: CorpusFiles, uri: vscode.Uri | undefined): Promise<void> {
  const named = uri && namedBy(uri.query);
  if (!uri || !named) return;
  const title = titleOf(uri, named);
  const other =
    named.kind === 'page'
      ? corpusUri({ ...named, kind: 'document' }, title)
      : corpusUri({ ...named, kind: 'page' }, vscode.l10n.t('{0} (whole page)', title));
  // What is wrong with it is told in the engine's words.
  await files.readFile(other);
  await vscode.window.showTextDocument(other, { preview: true });
}

/** A copy beside the document that is kept of the two. */
export async function compareCopies(
  engine: Services['engine'],
  uri: vscode.Uri | undefined,
): Promise<void> {
  const named = uri && namedBy(uri.query);
  if (!uri || !named) return;
  const { corpus, shard, line } = named;
  const { signal } = new AbortController();
  const original = await (await engine.methods()).corpusCopy({ corpus, shard, line }, signal);
  const name = titleOf(uri, named);
  const left = corpusUri(
    { kind: 'document', corpus, shard: original.shard, line: original.line },
    documentName(original),
  );
  const right = corpusUri({ ...named, kind: 'document' }, name);
  const alike = `${Math.round(100 * original.similarity)}%`;
  const title = vscode.l10n.t('{0} ↔ {1}: {2} alike', documentName(original), name, alike);
  await vscode.commands.executeCommand('vscode.diff', left, right, title);
}

/** The document's name as its tab has it. */
function titleOf({ path }: vscode.Uri, { kind }: Named): string {
  const title = path.replace(/^\/|\.txt$/g, '');
  return kind === 'page' ? title.replace(/ \([^()]*\)$/, '') : title;
}
