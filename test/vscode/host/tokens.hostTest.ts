import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { extension, open } from './extension';
import { eventually, test } from './hostTest';

/** "hello" under cl100k_base, as OpenAI's tiktoken has it. */
const HELLO = 15339;

async function hover(editor: vscode.TextEditor, character: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    editor.document.uri,
    new vscode.Position(0, character),
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
    .join('\n');
}

test('a hover explains a token only where tokens are shown', async () => {
  const editor = await open('hello.txt');
  assert.equal(await hover(editor, 2), '');
  await vscode.commands.executeCommand('glassbox.showTokens');
  await eventually(async () =>
    assert.match(await hover(editor, 2), new RegExp(`\\*\\*${HELLO}\\*\\*`)),
  );
  // The second word's token begins with its space.
  assert.match(await hover(editor, 7), /\*\*1917\*\*/);
  await vscode.commands.executeCommand('glassbox.hideTokens');
  assert.equal(await hover(editor, 2), '');
});

test('a text that changes is explained as it stands now', async () => {
  const editor = await open('hello.txt');
  await vscode.commands.executeCommand('glassbox.showTokens');
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'world '));
  await eventually(async () => assert.match(await hover(editor, 0), /\*\*14957\*\*/));
  await vscode.commands.executeCommand('glassbox.hideTokens');
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

test('the sample text opens from inside the package', async () => {
  await vscode.commands.executeCommand('glassbox.openSampleText');
  const shown = vscode.window.activeTextEditor?.document;
  assert.ok(shown);
  assert.ok(shown.uri.fsPath.startsWith(extension.extensionPath));
  assert.match(shown.getText(), /Call me Ishmael/);
});
