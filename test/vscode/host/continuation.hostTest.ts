// The model that a person chose once is asked again without a question: what the workspace remembers.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { open } from './extension';
import { eventually, test } from './hostTest';

async function atTheEnd(): Promise<vscode.TextEditor> {
  const editor = await open('notes.txt');
  const { document } = editor;
  const end = document.positionAt(document.getText().length);
  editor.selection = new vscode.Selection(end, end);
  return editor;
}

async function accepted({ document }: vscode.TextEditor): Promise<string> {
  const before = document.getText();
  return eventually(async () => {
    await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
    assert.notEqual(document.getText(), before);
    assert.ok(document.getText().startsWith(before));
    return document.getText().slice(before.length);
  });
}

test('a text is continued by the model that is chosen, as ghost text that is accepted', async () => {
  const editor = await atTheEnd();
  let isDone = false;
  const continued = vscode.commands.executeCommand('glassbox.continueText');
  const done = continued.then(() => (isDone = true));
  await eventually(async () => {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    assert.ok(isDone);
  });
  await done;
  assert.notEqual(await accepted(editor), '');
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

test('the next time it asks for no model', async () => {
  const editor = await atTheEnd();
  await vscode.commands.executeCommand('glassbox.continueText');
  assert.notEqual(await accepted(editor), '');
  await vscode.commands.executeCommand('workbench.action.files.revert');
});
