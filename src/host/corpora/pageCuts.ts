/**
 * In the page of a corpus's document, before anything was cut: what was cut is grey, and says why at the
 * end of its first line and in a hover; what was replaced says by what.
 */
import * as vscode from 'vscode';
import type { CorpusPage } from '../../protocol/corpusMessages';
import { literal } from '../literal';
import { logError } from '../problems';
import type { CorpusFiles } from './corpusFiles';
import { CORPUS_SCHEME, namedBy } from './corpusUri';

type Line = CorpusPage['lines'][number];

export function showCuts(files: CorpusFiles, log: vscode.LogOutputChannel): vscode.Disposable {
  const { ThemeColor, window } = vscode;
  const cut = window.createTextEditorDecorationType({
    color: new ThemeColor('disabledForeground'),
    isWholeLine: true,
    overviewRulerColor: new ThemeColor('disabledForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
  });
  const replaced = window.createTextEditorDecorationType({
    textDecoration: 'underline dotted',
  });
  async function paint(editor: vscode.TextEditor): Promise<void> {
    const { uri } = editor.document;
    if (uri.scheme !== CORPUS_SCHEME || namedBy(uri.query)?.kind !== 'page') return;
    const { lines } = await files.page(uri);
    editor.setDecorations(cut, cutsOf(lines));
    editor.setDecorations(replaced, replacementsOf(lines));
  }
  const paintAll = (editors: readonly vscode.TextEditor[]): void => {
    for (const editor of editors)
      paint(editor).catch((thrown: unknown) => {
        logError(log, thrown);
      });
  };
  paintAll(window.visibleTextEditors);
  return vscode.Disposable.from(cut, replaced, window.onDidChangeVisibleTextEditors(paintAll));
}

const wholeLine = (line: number, { text }: Line): vscode.Range =>
  new vscode.Range(line, 0, line, text.length);

const sameCut = (a: Line | undefined, b: Line): boolean =>
  a?.cut?.stage === b.cut?.stage && a?.cut?.reason === b.cut?.reason;

function cutsOf(lines: readonly Line[]): vscode.DecorationOptions[] {
  return lines.flatMap((line, number) => {
    if (!line.cut) return [];
    const why = reasonText(line.cut);
    const isFirst = !sameCut(lines[number - 1], line);
    return {
      range: wholeLine(number, line),
      hoverMessage: new vscode.MarkdownString(literal(why)),
      ...(isFirst
        ? {
            renderOptions: {
              after: {
                contentText: why,
                margin: '0 0 0 3em',
                fontStyle: 'italic',
                color: new vscode.ThemeColor('editorCodeLens.foreground'),
              },
            },
          }
        : {}),
    };
  });
}

function replacementsOf(lines: readonly Line[]): vscode.DecorationOptions[] {
  return lines.flatMap((line, number) => {
    if (line.becomes === undefined) return [];
    const text = vscode.l10n.t('In the corpus: {0}', line.becomes);
    return {
      range: wholeLine(number, line),
      hoverMessage: new vscode.MarkdownString(literal(text)),
    };
  });
}

function reasonText({ stage, reason }: NonNullable<Line['cut']>): string {
  const { l10n } = vscode;
  switch (reason) {
    case 'notContent':
      return l10n.t('not the main content');
    case 'longWord':
      return l10n.t('C4: a word that is too long');
    case 'noPunctuation':
      return l10n.t('C4: does not end as a sentence does');
    case 'fewWords':
      return l10n.t('C4: too few words');
    case 'loremIpsum':
      return l10n.t('C4: placeholder text');
    case 'javascript':
      return l10n.t('C4: mentions JavaScript');
    case 'curlyBrackets':
      return l10n.t('C4: a curly bracket');
    case 'policy':
      return l10n.t('C4: about cookies, privacy or terms of use');
    default:
      return `${stage}: ${reason}`;
  }
}
