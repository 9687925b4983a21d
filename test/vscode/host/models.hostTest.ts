import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { readTokenizer } from '../../../src/engine/tokenizer/tokenizer';
import { engines, inWorkspace } from './extension';
import { eventually, test, there } from './hostTest';

const QUESTION = [vscode.LanguageModelChatMessage.User('What is red?')];

const offered = async (): Promise<vscode.LanguageModelChat[]> =>
  vscode.lm.selectChatModels({ vendor: 'glassbox' });

async function talker(): Promise<vscode.LanguageModelChat> {
  return there((await offered())[0], 'model');
}

async function answer(token?: vscode.CancellationToken): Promise<AsyncIterable<string>> {
  return (await (await talker()).sendRequest(QUESTION, {}, token)).text;
}

test('the models that were taught to chat are offered to VS Code, and no other', async () => {
  const models = await eventually(async () => {
    const all = await offered();
    assert.notEqual(all.length, 0);
    return all;
  });
  assert.deepEqual(
    models.map(({ name, id, maxInputTokens }) => ({ name, id, maxInputTokens })),
    [{ name: 'talker', id: inWorkspace('models/talker').fsPath, maxInputTokens: 63 }],
  );
});

test('an answer comes in parts', async () => {
  // VS Code hands on at once what comes within some milliseconds, which may be a whole short answer.
  const parts = await eventually(async () => {
    const all: string[] = [];
    for await (const part of await answer()) all.push(part);
    assert.ok(all.length > 1, String(all.length));
    return all;
  });
  assert.match(parts.join(''), /\w/);
});

test('an answer that is cancelled ends, and the next one comes', async () => {
  const cancelled = async (parts: string[], cancel: vscode.CancellationTokenSource) => {
    for await (const part of await answer(cancel.token)) {
      parts.push(part);
      cancel.cancel();
    }
  };
  // VS Code may end what it hands out in order, or tell that it was cancelled.
  const told = (thrown: unknown): void => assert.match(String(thrown), /cancel/i);
  const begun: string[] = [];
  await cancelled(begun, new vscode.CancellationTokenSource()).catch(told);
  assert.notDeepEqual(begun, []);
  const early = new vscode.CancellationTokenSource();
  early.cancel();
  const never: string[] = [];
  await cancelled(never, early).catch(told);
  assert.deepEqual(never, []);
  for await (const part of await answer()) begun.push(part);
  assert.ok(begun.length > 1);
});

test("tokens are counted by the model's own tokenizer", async () => {
  const model = await talker();
  const tokenizer = await readTokenizer(inWorkspace('models/talker').fsPath);
  for (const text of ['', 'What is red?', 'The sky is blue.\n\nNaïve 🐋 <|im_end|>'])
    assert.equal(
      await model.countTokens(text),
      tokenizer.encode(text, { special: 'text' }).length,
      text,
    );
  const message = vscode.LanguageModelChatMessage.User('What is red?');
  assert.equal(await model.countTokens(message), await model.countTokens('What is red?'));
});

test('no model is offered once the setting says so', async () => {
  const settings = (): vscode.WorkspaceConfiguration =>
    vscode.workspace.getConfiguration('glassbox.chat');
  await settings().update('offerToEditor', false, vscode.ConfigurationTarget.Workspace);
  await eventually(async () => assert.deepEqual(await offered(), []));
  await settings().update('offerToEditor', undefined, vscode.ConfigurationTarget.Workspace);
  await eventually(async () => assert.equal((await offered()).length, 1));
});

test('the engine is one process; a restart ends it, and the next request starts another', async () => {
  const [before, ...more] = await engines();
  assert.deepEqual(more, []);
  await vscode.commands.executeCommand('glassbox.restartEngine');
  await eventually(async () => assert.deepEqual(await engines(), []));
  assert.notEqual(await (await talker()).countTokens('What is red?'), 0);
  const [after] = await engines();
  assert.notEqual(after, undefined);
  assert.notEqual(after, before);
});
