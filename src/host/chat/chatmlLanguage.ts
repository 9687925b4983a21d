/** `.chatml` files in the editor: a turn folds, and the outline lists the turns. */
import * as vscode from 'vscode';
import { parseTurns } from '../../base/chatml';
import type { Turn } from '../../base/chatml';

const FILES: vscode.DocumentSelector = { language: 'chatml' };

export function registerChatml(): vscode.Disposable {
  const { registerFoldingRangeProvider, registerDocumentSymbolProvider } = vscode.languages;
  return vscode.Disposable.from(
    registerFoldingRangeProvider(FILES, {
      provideFoldingRanges: (document) =>
        parseTurns(document.getText())
          .filter(({ firstLine, lastLine }) => lastLine > firstLine)
          .map(({ firstLine, lastLine }) => new vscode.FoldingRange(firstLine, lastLine)),
    }),
    registerDocumentSymbolProvider(FILES, {
      provideDocumentSymbols: (document) =>
        parseTurns(document.getText()).map((turn) => symbolOf(document, turn)),
    }),
  );
}

function symbolOf(document: vscode.TextDocument, turn: Turn): vscode.DocumentSymbol {
  const { role, content, firstLine, lastLine } = turn;
  const first = document.lineAt(firstLine).range;
  const all = new vscode.Range(first.start, document.lineAt(lastLine).range.end);
  const [line = ''] = content.trim().split('\n', 1);
  return new vscode.DocumentSymbol(role || '?', line, vscode.SymbolKind.String, all, first);
}
