import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { folder, manifest } from './extension';
import { test } from './hostTest';

const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
const settings = (): vscode.WorkspaceConfiguration =>
  vscode.workspace.getConfiguration(undefined, folder);

test('settings have the defaults of the manifest', () => {
  const properties = Object.entries(manifest.configuration.properties);
  assert.ok(properties.length > 10);
  for (const [name, { default: usual }] of properties)
    assert.deepEqual(settings().inspect(name)?.defaultValue, usual, name);
});

test('a setting can be written where its scope lets it, and nowhere else', async () => {
  const name = 'glassbox.node.path';
  await assert.rejects(async () => settings().update(name, 'node', Workspace));
  await assert.rejects(async () => settings().update('glassbox.chat.topK', 5, WorkspaceFolder));
  await settings().update('glassbox.chat.topK', 5, Workspace);
  assert.equal(settings().get('glassbox.chat.topK'), 5);
  await settings().update('glassbox.chat.topK', undefined, Workspace);
  const tokenizer = 'glassbox.tokens.tokenizer';
  await settings().update(tokenizer, 'cl100k_base', WorkspaceFolder);
  assert.equal(settings().get(tokenizer), 'cl100k_base');
  await settings().update(tokenizer, undefined, WorkspaceFolder);
  await settings().update('glassbox.runs.offerResume', false, Global);
  assert.equal(settings().inspect('glassbox.runs.offerResume')?.globalValue, false);
  await settings().update('glassbox.runs.offerResume', undefined, Global);
});

test('what a project brings keeps its own runs out of search', () => {
  const excluded: unknown = vscode.workspace.getConfiguration('search', folder).get('exclude');
  assert.ok(typeof excluded === 'object' && excluded !== null && '**/.glassbox' in excluded);
});
