/** Models and tokenizers as things on the disk: trained, exported, found, broken, deleted. */
import { cpSync, existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const TEXT = Array.from({ length: 800 }, (_, line) => `Line ${line}: the whale is ${line * 7}.\n`);
const QUICK = {
  name: 'quick',
  data: { paths: ['whales.txt'] },
  tokenizer: { kind: 'byte' },
  model: { preset: 'tiny', layers: 1, context: 16 },
  train: { steps: 30, batch: 1, evalEvery: 30, sampleEvery: 0, checkpointEvery: 10 },
};
const WAIT = { timeout: 100_000, interval: 250 };
const NO_MODEL = 'No model was found here';

let code: Code;
/** Outside of the workspace: an export, and what is left of it after mishaps. */
const outside = (...parts: string[]): string => path.join(path.dirname(code.folder), ...parts);

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'whales.txt': TEXT.join(''),
      'quick.recipe.json': JSON.stringify(QUICK, undefined, 2),
    },
    settings: { 'glassbox.models.folders': [] },
  });
  code.page.setDefaultTimeout(60_000);
});

/** In one of the views of the side bar. */
const row = (view: 'Runs' | 'Models' | 'Tokenizers', text: string | RegExp) =>
  code.page
    .locator('.pane', { has: code.page.locator(`.pane-header[aria-label^="${view}"]`) })
    .locator('.monaco-list-row', { hasText: text })
    .first();

async function openViews(): Promise<void> {
  await code.showTrees();
}

/** In VS Code's own dialog for folders. */
async function chooseFolder(title: string, folder: string, button = 'Add'): Promise<void> {
  const dialog = code.page.locator('.quick-input-widget', { hasText: title });
  await dialog.waitFor();
  const input = dialog.locator('input.input');
  // It fills in where it starts, a moment after it has opened.
  await expect.poll(() => input.inputValue(), WAIT).not.toBe('');
  await expect
    .poll(async () => {
      await input.fill(`${folder}/`);
      await dialog.locator('.monaco-list-row').first().waitFor();
      return input.inputValue();
    }, WAIT)
    .toBe(`${folder}/`);
  await dialog.getByRole('button', { name: button }).click();
}

/** Says yes, and yes again where the machine has no trash. */
async function confirmDeletion(file: string, shot: string): Promise<void> {
  const { page } = code;
  await page.getByRole('button', { name: 'Move to Trash' }).waitFor();
  expect(existsSync(file)).toBe(true);
  await code.screenshot(shot);
  await page.getByRole('button', { name: 'Move to Trash' }).click();
  await expect
    .poll(async () => {
      const forGood = page.getByRole('button', { name: 'Delete Permanently' });
      if (await forGood.isVisible()) await forGood.click();
      return existsSync(file);
    }, WAIT)
    .toBe(false);
}

it('are welcomed where there is none', async () => {
  await openViews();
  await code.page.getByText('Nothing has been trained in this folder yet.').waitFor();
  await code.page.getByText(NO_MODEL).waitFor();
  await row('Tokenizers', /gpt2.*50k tokens/).waitFor();
  await code.screenshot('models-1-welcome');
});

it('are listed when they are trained, the older checkpoints below', async () => {
  await code.openFile('quick.recipe.json');
  await code.command('Glassbox: Start Run from Recipe');
  await row('Runs', /quick.*30 steps/).waitFor();
  const model = row('Models', /quick.*step 30 · .* parameters · context 16/);
  await model.click();
  await code.page.keyboard.press('ArrowRight');
  await row('Models', /step 20/).waitFor();
  await row('Models', /step \d+ · best · /).waitFor();
  await code.inThemes('models-2-trained');
});

it('are exported as folders, which are listed too', async () => {
  await code.choose(row('Models', /quick.*step 30/), 'Export Model...');
  await chooseFolder('Export "quick"', code.folder, 'Export Here');
  await code.page
    .getByText(/"quick" was exported to/)
    .first()
    .waitFor();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(existsSync(code.path('quick', name))).toBe(true);
  await row('Models', /quick\s*[\d.]+.? parameters/).waitFor();
  await code.screenshot('models-3-exported');
});

it('are not said to be missing while they are looked for', async () => {
  const { page } = code;
  await page.addInitScript(`new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll('.welcome-view-content'))
      if (/No model was|Nothing has been/.test(textContent)) document.title = 'welcomed in vain';
  }).observe(document, { childList: true, subtree: true, attributes: true });`);
  await code.reload();
  await row('Models', /quick.*step 30/).waitFor();
  expect(await page.title()).not.toBe('welcomed in vain');
});

it('are found in folders that are added', async () => {
  cpSync(code.path('quick'), outside('elsewhere', 'found'), { recursive: true });
  await code.command('Glassbox: Add Model Folder...');
  await chooseFolder('Folders with Models', outside('elsewhere'));
  await row('Models', /found\s*[\d.]+.? parameters/).waitFor();
  // A browser refuses the clipboard to a window that is busy elsewhere.
  await expect
    .poll(
      async () => {
        await code.choose(row('Models', /found/), 'Copy Path');
        return code.page.evaluate('navigator.clipboard.readText()');
      },
      { timeout: 100_000, interval: 3000 },
    )
    .toBe(outside('elsewhere', 'found'));
});

it('that are broken end in one message', async () => {
  cpSync(code.path('quick'), outside('truncated'), { recursive: true });
  truncateSync(outside('truncated', 'model.safetensors'), 1000);
  cpSync(code.path('quick'), outside('weightless'), { recursive: true });
  rmSync(outside('weightless', 'model.safetensors'));

  await code.command('Notifications: Clear All Notifications');
  await code.command('Glassbox: Add Model Folder...');
  await chooseFolder('Folders with Models', outside('weightless'));
  await code.page
    .getByText(/There is no model in/)
    .first()
    .waitFor();
  await expect
    .poll(() => code.notifications())
    .toEqual([
      expect.stringMatching(/no model in .*weightless\..*config\.json.*model\.safetensors/),
    ]);
  await code.screenshot('models-4-weightless');

  await code.command('Notifications: Clear All Notifications');
  await code.command('Glassbox: Add Model Folder...');
  await chooseFolder('Folders with Models', outside('truncated'));
  await code.page
    .getByText(/"truncated" cannot be used/)
    .first()
    .waitFor();
  expect(await code.notifications()).toHaveLength(1);
  await row('Models', /truncated/).waitFor();
  await code.screenshot('models-5-truncated');
  await code.command('Notifications: Clear All Notifications');
});

it('trains a tokenizer and shows tokens with it', async () => {
  const { page } = code;
  await code.openFile('whales.txt');
  await code.command('Glassbox: Train Tokenizer...');
  await code.pick("This Workspace's Text");
  await page.getByText(/How many tokens\?/).waitFor();
  await code.answer('100');
  await page.getByText('Expected a whole number from 258 to 1000000.').waitFor();
  await code.answer('300');
  await page.getByPlaceholder(/How shall text be split/).waitFor();
  await code.screenshot('models-6-pattern');
  await code.pick('gpt2');
  await page.getByText('What shall the tokenizer be called?').waitFor();
  await code.answer('whale-words');
  await page.getByText('The tokenizer "whale-words" has 300 tokens.').first().waitFor();
  await row('Tokenizers', /whale-words.*300 tokens/).waitFor();
  await code.screenshot('models-7-tokenizer');
  await code.answerNotification('whale-words', 'Show Tokens with It');
  await page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]').first().waitFor();
  await expect.poll(() => code.statusBarText(), WAIT).toMatch(/[\d,]+ tokens/);
  await code.screenshot('models-8-tokens');
});

it('deletes what a person deletes, and lists it no more', async () => {
  await code.choose(row('Tokenizers', /whale-words/), 'Delete Tokenizer');
  await confirmDeletion(code.path('.glassbox/tokenizers/whale-words'), 'models-9-delete-tokenizer');
  await expect.poll(() => row('Tokenizers', /whale-words/).isVisible(), WAIT).toBe(false);

  await code.choose(row('Models', /quick\s*[\d.]+.? parameters/), 'Delete Model');
  await confirmDeletion(code.path('quick'), 'models-9-delete-model');
  await expect
    .poll(() => row('Models', /quick\s*[\d.]+.? parameters/).isVisible(), WAIT)
    .toBe(false);

  await code.screenshot('models-9-deleted');
});

it('of a run that is through are trained further', async () => {
  const { page } = code;
  await code.command('Glassbox: Train Further...');
  await page.getByText('How many steps more? It was given 30.').waitFor();
  await code.answer('none');
  await page.getByText('Expected a whole number above 0.').waitFor();
  await code.screenshot('models-10-further');
  await code.answer('15');
  await row('Runs', /quick.*45 steps/).waitFor();
  await row('Models', /quick.*step 45/).waitFor();
  const run = await code.webview('quick');
  await run.getByText('Finished', { exact: true }).waitFor();
  await run.getByRole('button', { name: 'Train Further...' }).click();
  await page.getByText('How many steps more? It was given 45.').waitFor();
  await page.keyboard.press('Escape');
  expect(code.read('.glassbox/runs/quick/metrics.jsonl')).toMatch(/"step":31,[^]*"step":45,/);
});

it('selects the device', async () => {
  const { page } = code;
  await code.command('Glassbox: Select Device...');
  await page.getByText('The fastest there is').waitFor();
  await code.screenshot('models-10-device');
  await code.pick('CPU');
  const file = path.join(code.server.userData, 'Machine', 'settings.json');
  await expect.poll(() => readFileSync(file, 'utf8'), WAIT).toMatch(/"glassbox.device": "onnx"/);
});
