/** The hover over a token, in documents where tokens are shown. */
import * as vscode from 'vscode';
import { hasCode } from '../../base/errors';
import { logError } from '../problems';
import type { Services } from '../services';
import { settings } from '../settings';
import { hoverText } from './hoverText';
import type { HoverWords } from './hoverText';
import { resolveHere } from './mirroredDocuments';
import type { MirroredDocuments } from './mirroredDocuments';
import type { ShownDocuments } from './shownDocuments';
import { tokenizerLabel } from './tokenizerNames';

/** Tokenizers that one hover compares, at most: each takes a row. */
const MOST_COMPARED = 6;

export function registerTokenHover(
  { log, tokenizers }: Services,
  documents: MirroredDocuments,
  shown: ShownDocuments,
): vscode.Disposable {
  /** What the settings name, then those trained or found here, without the one that is chosen. */
  function compared(document: vscode.TextDocument, chosen: string): string[] {
    const named = settings
      .comparedTokenizers()
      .flatMap((name) => resolveHere(name, document.uri) ?? []);
    const found = tokenizers.list().flatMap((each) => (each.problem ? [] : each.tokenizer));
    const others = new Set([...named, ...found.filter((each) => resolveHere(each, document.uri))]);
    others.delete(chosen);
    return [...others].slice(0, MOST_COMPARED);
  }

  return vscode.languages.registerHoverProvider('*', {
    async provideHover(document, position) {
      if (!shown.has(document)) return undefined;
      const mirror = documents.get(document);
      try {
        const token = await mirror.explain(
          document.offsetAt(position),
          compared(document, mirror.tokenizer),
        );
        const text = hoverText(token, tokenizerLabel, mirror.tokenizer, words());
        const markdown = new vscode.MarkdownString(text);
        markdown.supportHtml = true;
        const range = new vscode.Range(
          document.positionAt(token.start),
          document.positionAt(token.end),
        );
        return new vscode.Hover(markdown, range);
      } catch (thrown) {
        const usual = hasCode(thrown, 'cancelled') || hasCode(thrown, 'document-no-token');
        if (!usual) logError(log, thrown);
        return undefined;
      }
    },
  });
}

function words(): HoverWords {
  const { t } = vscode.l10n;
  return {
    id: t('Id'),
    bytes: t('Bytes'),
    rank: t('Rank'),
    special: t('a special token'),
    notMerged: t('a single byte or character, not merged'),
    occurrences: (count) =>
      count === 1 ? t('once in this file') : t('{0} times in this file', count),
    merges: t('How it was built'),
    cuts: (piece) => t('How others cut "{0}"', piece),
    tokens: (count) => (count === 1 ? t('1 token') : t('{0} tokens', count)),
  };
}
