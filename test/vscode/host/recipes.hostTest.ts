import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { open, rewrite } from './extension';
import { eventually, test, there } from './hostTest';

const MISSPELT = `{
  "data": { "paths": ["missing.txt"] },
  "model": { "preset": "tiny", "heads": 3 },
  "train": { "stps": 20 }
}
`;
const GOOD = `{ "data": { "paths": ["whales.txt"] }, "train": { "steps": 20, "batch": 2 } }`;

const found = ({ document }: vscode.TextEditor): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(document.uri);

test('a misspelt field is underlined once, and its quick fix mends it', async () => {
  const editor = await open('whales.recipe.json');
  const { document } = editor;
  await rewrite(editor, MISSPELT);
  const problem = await eventually(() => {
    const [first, ...more] = found(editor);
    assert.deepEqual(more, []);
    return there(first, 'problem');
  });
  assert.equal(document.getText(problem.range), '"stps"');
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    problem.range,
  );
  const fix = there(
    actions.find(({ title }) => title === 'Change to "steps"'),
    'quick fix',
  );
  assert.ok(await vscode.workspace.applyEdit(there(fix.edit, 'edit')));
  assert.match(document.getText(), /"steps": 20/);
});

test('what no schema can see is underlined at its place', async () => {
  const editor = await open('whales.recipe.json');
  const problems = await eventually(() => {
    const all = found(editor);
    assert.equal(all.length, 2);
    return all;
  });
  for (const { source, severity } of problems)
    assert.deepEqual([source, severity], ['Glassbox', vscode.DiagnosticSeverity.Error]);
  const texts = problems.map(({ range }) => editor.document.getText(range));
  assert.deepEqual(texts.sort(), ['"missing.txt"', '3']);
});

test('a good recipe has no problem, and lenses that start it and say what it takes', async () => {
  const editor = await open('whales.recipe.json');
  await rewrite(editor, GOOD);
  await eventually(() => assert.deepEqual(found(editor), []));
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    editor.document.uri,
    10,
  );
  const [start, estimate] = lenses.map(({ command }) => command);
  assert.equal(start?.command, 'glassbox.startRunFromRecipe');
  assert.equal(String(start.arguments?.[0]), editor.document.uri.toString());
  assert.match(estimate?.title ?? '', /^about .+, .+ MB$/);
});

test('the schema completes the names of fields and says what they mean', async () => {
  const editor = await open('whales.recipe.json');
  const { document } = editor;
  const at = document.positionAt(document.getText().indexOf('"steps"') + 1);
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    at,
  );
  const labels = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
  assert.ok(labels.includes('schedule'), labels.join(', '));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

test('a source that is not there is underlined in the recipe of a corpus', async () => {
  const editor = await open('web.corpus.json');
  const [problem] = await eventually(() => {
    const all = found(editor);
    assert.equal(all.length, 1);
    return all;
  });
  assert.equal(editor.document.getText(there(problem, 'problem').range), '"missing.warc"');
});
