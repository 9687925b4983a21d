/** "Open Document of Corpus": a list that the engine fills while one types, as Go to File does. */
import * as vscode from 'vscode';
import type { CorpusDocuments } from '../../protocol/corpusMessages';
import { countText } from '../formats';
import { tellError } from '../problems';
import type { Services } from '../services';
import { corpusUri, type CorpusFiles } from './corpusFiles';

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
  const uri = corpusUri({ kind: 'document', corpus, shard, line }, nameOf(document));
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
      label: `${dropped === undefined ? '$(pass)' : '$(circle-slash)'} ${nameOf(document)}`,
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

/** Its title, or the end of its address. */
function nameOf({ title, url, id }: Found): string {
  if (title !== undefined && title.trim() !== '') return title.replace(/\s+/g, ' ').trim();
  const last = url
    ?.replace(/[?#].*$/, '')
    .split('/')
    .findLast((part) => part !== '');
  return last ?? id;
}
