// The first in the window: what the extension does before anybody asked it for anything.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { engines, extension, loaded, manifest } from './extension';
import { eventually, test } from './hostTest';

test('it is the packed extension, and VS Code activates it once it has started', async () => {
  await eventually(() => assert.ok(extension.isActive));
  assert.match(extension.extensionPath, /glassbox\.glassbox-\d/);
  assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
});

test('activation starts no engine and loads no schemas, no protocol and no engine', async () => {
  const texts = loaded().map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  assert.ok(texts.some(({ file }) => file.endsWith('extension.js')));
  for (const mark of ['ZodError', 'Content-Length', 'onnxruntime', 'gpt-tokenizer'])
    assert.deepEqual(
      texts.filter(({ text }) => text.includes(mark)).map(({ file }) => file),
      [],
      mark,
    );
  assert.deepEqual(await engines(), []);
});

test('every command of the manifest is there, and no other', async () => {
  const contributed = manifest.commands.map(({ command }) => command).sort();
  const all = await vscode.commands.getCommands(true);
  // VS Code makes some for each view and container: glassbox.runs.focus.
  const ours = all.filter((name) => /^glassbox\.\w+$/.test(name)).sort();
  assert.deepEqual(ours, contributed);
});

test('menus and keys name commands of the manifest', () => {
  const contributed = new Set(manifest.commands.map(({ command }) => command));
  const named = [...Object.values(manifest.menus).flat(), ...manifest.keybindings];
  const unknown = named.flatMap(({ command }) =>
    command === undefined || contributed.has(command) ? [] : [command],
  );
  assert.deepEqual(unknown, []);
});
