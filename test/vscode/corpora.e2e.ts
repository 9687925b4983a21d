/** Corpora: made by answering questions and from a recipe, looked into, trained on, deleted. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { corpusRecipe } from '../../src/recipe/corpus';
import { variedTexts } from '../curate/variedTexts';
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

/** What a curation leaves that was killed before its first part was done. */
function leaveBegun(name: string): void {
  const files = [0, 1, 2].map((i) => {
    const file = code.path('pages', `${i}.html`);
    return { path: file, format: 'html', gzip: false, size: statSync(file).size };
  });
  const sources = files.map((file) => file.path);
  const plan = {
    ...{ format: 'glassbox-corpus-plan', version: 1, files },
    recipe: { ...corpusRecipe.defaults(), name, sources },
  };
  const work = code.path('.glassbox', 'corpora', name, '.work');
  mkdirSync(work, { recursive: true });
  writeFileSync(`${work}/plan.json`, JSON.stringify(plan));
}

const row = (text: string | RegExp) =>
  code.page
    .locator('.pane', { has: code.page.locator('.pane-header[aria-label^="Corpora"]') })
    .locator('.monaco-list-row', { hasText: text })
    .first();

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
  await code.screenshot('corpora-3-made');
  expect(existsSync(code.path('.glassbox/corpora/whales/corpus.json'))).toBe(true);
});

it('are made from a recipe', async () => {
  await code.openFile('web.corpus.json');
  const button = code.page.getByRole('button', { name: 'Curate Corpus from Recipe' }).first();
  // It is in the tree from the moment that it is begun.
  await code.until(row(/^web/), () => button.click());
  await row(/^web.*6 of 8 documents/).waitFor();
  expect(existsSync(code.path('.glassbox/corpora/web/kept-00000.parquet'))).toBe(true);
  // Its schema has been read by now, and finds nothing to say.
  await code.page.locator('.statusbar-item[aria-label="No Problems"]').waitFor({ timeout: 2000 });
  await code.screenshot('corpora-4-recipe');
});

it('show what each stage left and why documents were dropped', async () => {
  await row(/^web/).click();
  const tab = await code.webview('web');
  await tab.getByRole('heading', { name: 'Why documents are dropped' }).waitFor();
  await tab.getByText('Exact copies: copy').waitFor();
  await tab.getByText('6 / 8').waitFor();
});

it('open their documents, with the verdict above and values in a hover', async () => {
  const { page } = code;
  await code.choose(row(/^web/), 'Open Document of Corpus...');
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

it('show the page that a document was made of, with what was cut, and copies side by side', async () => {
  const { page } = code;
  await code.choose(row(/^web/), 'Open Document of Corpus...');
  await code.pick('Whale again');
  await page.getByRole('tab', { name: /Whale again\.txt/ }).waitFor();
  const whole = page.getByRole('tab', { name: /Whale again \(whole page\)\.txt/ });
  await code.until(whole, () =>
    page.getByText('Show What Was Cut', { exact: true }).first().click(),
  );
  const footer = page.locator('.view-line > span', { hasText: 'Imprint' }).first();
  await footer.waitFor();
  const why = page.locator('.monaco-hover', { hasText: 'not the main content' }).first();
  // By the mouse alone: what Playwright hovers over it may scroll away from under the lenses.
  await code.until(why, async () => {
    const { x, y, height } = (await footer.boundingBox())!;
    await page.mouse.move(x + 5, y - height);
    await page.mouse.move(x + 10, y + height / 2, { steps: 3 });
  });
  await code.inThemes('corpora-9-page');
  const diff = page.getByRole('tab', { name: /↔ Whale again.*: 100% alike/ });
  await code.command('Glassbox: Compare Copy with Its Original');
  await diff.waitFor();
  await page.locator('.monaco-diff-editor').waitFor();
  await code.screenshot('corpora-10-copies');
});

it('show the tokens of a document that was kept, in a new window too', async () => {
  const { page } = code;
  await code.choose(row(/^whales/), 'Open Document of Corpus...');
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

it('that were cut off are gone on with, or deleted', async () => {
  leaveBegun('begun');
  leaveBegun('given-up');
  // What another window or a terminal has done is seen when the window is loaded.
  await code.reload();
  await code.showTrees();
  await row(/^given-up.*not finished, 0% filtered/).waitFor();
  await code.screenshot('corpora-11-unfinished');
  await code.choose(row(/^begun.*not finished/), 'Go On with Corpus');
  await row(/^begun.*3 of 3 documents/).waitFor();
  await code.choose(row(/^given-up/), 'Delete Corpus');
  await deleted('given-up');
});

it('that are being made can be stopped, gone on with at once, and discarded', async () => {
  // Enough for it to be stopped in the midst.
  writeFileSync(code.path('many.jsonl'), variedTexts(600).repeat(40));
  writeFileSync(code.path('many.corpus.json'), JSON.stringify({ sources: ['many.jsonl'] }));
  await code.openFile('many.corpus.json');
  const button = code.page.getByRole('button', { name: 'Curate Corpus from Recipe' }).first();
  await code.until(row(/^many.*is being made/), () => button.click());
  await code.answerNotification(/Curating "many"/, 'Cancel');
  await code.answerNotification(/"many" is not finished/, 'Go On');
  await code.answerNotification(/Curating "many".*\d/, 'Cancel');
  await row(/^many.*not finished/).waitFor();
  await code.answerNotification(/"many" is not finished/, 'Discard');
  await gone('many');
});

it('lead to a run', async () => {
  await code.showTrees();
  await code.choose(row(/^whales/), 'Train on This Corpus...');
  await code.pick('tiny');
  await code.answer('4', /How many steps/);
  await code.answer('on-whales', /What shall the run be called/);
  await expect
    .poll(() => existsSync(code.path('.glassbox/runs/on-whales/recipe.json')), WAIT)
    .toBe(true);
  expect(code.read('.glassbox/runs/on-whales/recipe.json')).toContain('corpora/whales');
});

it('are deleted', async () => {
  await code.choose(row(/^web/), 'Delete Corpus');
  await deleted('web');
});

/** Answers the question, and waits until the corpus is gone from the disk and the tree. */
async function deleted(name: string): Promise<void> {
  await code.page.getByRole('button', { name: 'Move to Trash' }).click();
  await gone(name);
}

async function gone(name: string): Promise<void> {
  await expect
    .poll(async () => {
      // Where there is no trash.
      const forGood = code.page.getByRole('button', { name: 'Delete Permanently' });
      if (await forGood.isVisible()) await forGood.click();
      return existsSync(code.path('.glassbox/corpora', name));
    }, WAIT)
    .toBe(false);
  await row(new RegExp(`^${name}`)).waitFor({ state: 'detached' });
}
