import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { open } from './extension';
import { test } from './hostTest';

test('a transcript is ChatML: its turns fold, and the outline lists them', async () => {
  const { document } = await open('talk.chatml');
  assert.equal(document.languageId, 'chatml');
  const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
    'vscode.executeFoldingRangeProvider',
    document.uri,
  );
  assert.deepEqual(
    folds.map(({ start, end }) => [start, end]),
    [
      [0, 1],
      [2, 4],
      [5, 6],
    ],
  );
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
    'vscode.executeDocumentSymbolProvider',
    document.uri,
  );
  assert.deepEqual(
    symbols.map(({ range }) => range.start.line),
    [0, 2, 5],
  );
});
