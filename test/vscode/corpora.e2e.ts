/** Corpora: made by answering questions and from a recipe, looked into, trained on, deleted. */
import { existsSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { page as pageOf, prose } from '../curate/warcFiles';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const WAIT = { timeout: 60_000, interval: 250 };

let code: Code;

beforeAll(async () => {
  const pages = Array.from({ length: 6 }, (_, i): [string, string] => [
    `pages/${i}.html`,
    pageOf(prose(i), `Whale ${i}`),
  ]);
  code = await openWorkspace({
    files: {
      ...Object.fromEntries<string>(pages),
      'pages/copy.html': pageOf(prose(1), 'Whale again'),
      'pages/short.html': pageOf('Far too short a page to keep.', 'Scrap'),
      'web.corpus.json': JSON.stringify({ sources: ['pages'], output: { format: 'parquet' } }),
    },
    settings: { 'glassbox.tokens.tokenizer': 'gpt2' },
  });
  code.page.setDefaultTimeout(60_000);
});

const row = (text: string | RegExp) =>
  code.page
    .locator('.pane', { has: code.page.locator('.pane-header[aria-label^="Corpora"]') })
    .locator('.monaco-list-row', { hasText: text })
    .first();

async function choose(item: ReturnType<typeof row>, action: string): Promise<void> {
  await item.click({ button: 'right' });
  await code.page.locator('.monaco-menu').getByRole('menuitem', { name: action }).hover();
  await code.page.keyboard.press('Enter');
}

it('are made by answering questions', async () => {
  await code.showTrees();
  await code.page.getByText('There is no corpus here yet').waitFor();
  await code.inThemes('corpora-1-welcome');
  await code.command('Glassbox: Curate Corpus...');
  await code.page.getByText('What shall the corpus be made of?').waitFor();
  await code.screenshot('corpora-2-sources');
  await code.pick('This Workspace');
  await code.answer('en', /Which languages shall be kept/);
  await code.pick('JSON Lines');
  await code.answer('whales', /What shall the corpus be called/);
  await row(/whales.*6 of \d+ documents · .*tokens/).waitFor();
  await code.page
    .getByText(/The corpus "whales" holds 6 of \d+ documents/)
    .first()
    .waitFor();
  await code.inThemes('corpora-3-made');
  expect(existsSync(code.path('.glassbox/corpora/whales/corpus.json'))).toBe(true);
});

it('are made from a recipe', async () => {
  await code.openFile('web.corpus.json');
  const button = code.page.getByRole('button', { name: 'Curate Corpus from Recipe' }).first();
  await code.until(row(/web.*6 of 8 documents/), () => button.click());
  expect(existsSync(code.path('.glassbox/corpora/web/kept-00000.parquet'))).toBe(true);
  // Its schema has been read by now, and finds nothing to say.
  await code.page.locator('.statusbar-item[aria-label="No Problems"]').waitFor({ timeout: 2000 });
  await code.screenshot('corpora-4-recipe');
});

it('show what each stage left and why documents were dropped', async () => {
  await row(/^web/).click();
  const preview = await code.webview(/statistics/);
  await preview.getByRole('heading', { name: 'Why documents were dropped' }).waitFor();
  await preview.getByText('exactDuplicates.copy').waitFor();
  await preview.getByText('6 of 8 documents were kept (75.0%)').waitFor();
  await code.inThemes('corpora-5-statistics');
});

it('open their documents, with the verdict above and values in a hover', async () => {
  const { page } = code;
  await choose(row(/^web/), 'Open Document of Corpus...');
  const list = page.locator('.quick-input-list .monaco-list-row');
  await list.filter({ hasText: 'Whale 3' }).waitFor();
  await code.screenshot('corpora-6-documents');
  await page.locator('.quick-input-widget input.input').fill('maxTop2Gram');
  await expect.poll(() => list.count(), WAIT).toBe(1);
  await code.pick('Scrap');
  await page.getByRole('tab', { name: /Scrap\.txt/ }).waitFor();
  const verdict = page.getByText(/Dropped by \w+: /).first();
  await verdict.waitFor();
  const hover = page.locator('.monaco-hover', { hasText: 'at least' }).first();
  await code.until(hover, () =>
    page.getByText('Show Measured Values', { exact: true }).first().click(),
  );
  await code.inThemes('corpora-7-dropped');
  await page.keyboard.press('Escape');
});

it('show the tokens of a document that was kept, in a new window too', async () => {
  const { page } = code;
  await choose(row(/^whales/), 'Open Document of Corpus...');
  await code.pick('Whale 3');
  await page.getByRole('tab', { name: /Whale 3\.txt/ }).waitFor();
  await page
    .getByText(/Kept: \d+ tokens, en/)
    .first()
    .waitFor();
  await code.command('Glassbox: Show Tokens');
  const painted = page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]');
  await painted.first().waitFor();
  await code.screenshot('corpora-8-tokens');
  await code.reload();
  await page
    .getByText(/Kept: \d+ tokens, en/)
    .first()
    .waitFor();
  await painted.first().waitFor();
});

it('lead to a run', async () => {
  await code.showTrees();
  await choose(row(/^whales/), 'Train on This Corpus...');
  await code.pick('tiny');
  await code.answer('4', /How many steps/);
  await code.answer('on-whales', /What shall the run be called/);
  await expect
    .poll(() => existsSync(code.path('.glassbox/runs/on-whales/recipe.json')), WAIT)
    .toBe(true);
  expect(code.read('.glassbox/runs/on-whales/recipe.json')).toContain('corpora/whales');
});

it('are deleted', async () => {
  const { page } = code;
  const folder = code.path('.glassbox/corpora/web');
  await choose(row(/^web/), 'Delete Corpus');
  await page.getByRole('button', { name: 'Move to Trash' }).click();
  await expect
    .poll(async () => {
      const forGood = page.getByRole('button', { name: 'Delete Permanently' });
      if (await forGood.isVisible()) await forGood.click();
      return existsSync(folder);
    }, WAIT)
    .toBe(false);
  await row(/^web/).waitFor({ state: 'detached' });
});
