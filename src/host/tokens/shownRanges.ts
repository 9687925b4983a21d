/** What an editor shows, as the stretches of its document to paint. */
import * as vscode from 'vscode';
import { paintedRanges } from './paintedRanges';
import type { PaintedRange } from './paintedRanges';
import type { Lines } from './tokenLayout';

/** Lines painted above and below what is seen, so that a small scroll needs nothing new. */
export const MARGIN = 40;

export function linesOf(document: vscode.TextDocument): Lines {
  return {
    endLength: document.eol === vscode.EndOfLine.CRLF ? 2 : 1,
    count: document.lineCount,
    length: (line) => document.lineAt(line).text.length,
  };
}

/** @param margin lines above and below */
export function shownRanges(
  { document, visibleRanges }: vscode.TextEditor,
  margin: number,
): PaintedRange[] {
  const shown = visibleRanges.map(({ start, end }) => ({
    firstLine: start.line,
    firstCharacter: start.character,
    lastLine: end.line,
  }));
  return paintedRanges(shown, linesOf(document), margin, (line) =>
    document.offsetAt(new vscode.Position(line, 0)),
  );
}

/** Whether all that the editor shows lies in these stretches. */
export function isCovered(editor: vscode.TextEditor, painted: readonly PaintedRange[]): boolean {
  return shownRanges(editor, 0).every(({ start, end }) =>
    painted.some((range) => range.start <= start && end <= range.end),
  );
}
