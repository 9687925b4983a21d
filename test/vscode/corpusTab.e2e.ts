/** The corpus's tab: the funnel, thresholds moved by hand and by keys, documents, recipes saved. */
import { existsSync } from 'node:fs';
import type { FrameLocator } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { variedTexts } from '../curate/variedTexts';
import { page as pageOf, prose } from '../curate/warcFiles';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const WAIT = { timeout: 60_000, interval: 250 };

let code: Code;
let tab: FrameLocator;

const recipe = (sources: string): string => JSON.stringify({ sources: [sources] });

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'texts.jsonl': variedTexts(300),
      'one.html': pageOf(prose(1), 'The only one'),
      'none.html': pageOf('Far too short a page to keep.', 'Scrap'),
      'web.corpus.json': recipe('texts.jsonl'),
      'one.corpus.json': recipe('one.html'),
      'none.corpus.json': recipe('none.html'),
    },
    viewport: { width: 1440, height: 900 },
  });
  code.page.setDefaultTimeout(60_000);
});

/** Makes the corpus of a recipe, and opens its tab. */
async function openCorpus(name: string): Promise<FrameLocator> {
  const rows = code.page.locator('.sidebar .monaco-list-row');
  const row = (text: RegExp) => rows.filter({ hasText: text }).first();
  await code.openFile(`${name}.corpus.json`);
  // It is in the tree from the moment that it is begun.
  await code.until(row(new RegExp(`^${name}`)), () =>
    code.page.getByRole('button', { name: 'Curate Corpus from Recipe' }).first().click(),
  );
  const made = row(new RegExp(`^${name}.*documents`));
  await made.waitFor();
  await code.until(code.page.getByRole('tab', { name, exact: true }), () => made.click());
  const opened = await code.webview(name);
  await opened.getByRole('heading', { name: 'What each stage leaves' }).waitFor();
  return opened;
}

const line = (key: string) => tab.getByRole('slider', { name: key, exact: true });
const valueOf = async (key: string): Promise<number> =>
  Number(await line(key).getAttribute('aria-valuenow'));

it('shows what each stage leaves, why documents are dropped, and every value that was measured', async () => {
  await code.showTrees();
  tab = await openCorpus('web');
  await tab.getByRole('rowheader', { name: 'Quality (Gopher)' }).waitFor();
  await tab.getByText('Repetition (Gopher): maxDuplicate5Grams').waitFor();
  await line('gopherQuality.minWords').waitFor();
  await tab.getByText('As in the recipe.').waitFor();
  await code.command('Notifications: Clear All Notifications');
  await code.inThemes('corpusTab-1-whole');
});

it('judges again when a threshold is moved by keys', async () => {
  expect(await valueOf('gopherQuality.minWords')).toBe(50);
  await line('gopherQuality.minWords').press('ArrowRight');
  await expect.poll(() => valueOf('gopherQuality.minWords'), WAIT).toBeGreaterThan(50);
  await line('gopherQuality.minWords').press('PageUp');
  await tab.getByRole('heading', { name: 'Thrown out' }).waitFor();
  await tab.getByText('Save as Recipe...').waitFor();
  await code.screenshot('corpusTab-2-stricter');
  await line('gopherQuality.minWords').press('Escape');
  await expect.poll(() => valueOf('gopherQuality.minWords'), WAIT).toBe(50);
  await tab.getByText('As in the recipe.').waitFor();
});

it('judges again when a threshold is dragged', async () => {
  const { mouse } = code.page;
  const key = 'c4.maxCurlyBrackets';
  await line(key).scrollIntoViewIfNeeded();
  const box = (await line(key).boundingBox())!;
  const frame = (await line(key).locator('..').boundingBox())!;
  await mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await mouse.down();
  await mouse.move(box.x + 30, box.y + 10, { steps: 4 });
  await mouse.move(frame.x + frame.width - 3, box.y + 10, { steps: 4 });
  await mouse.up();
  await expect.poll(() => valueOf(key), WAIT).toBeGreaterThan(3);
  await tab.getByRole('heading', { name: 'Let in' }).waitFor();
  await code.screenshot('corpusTab-3-looser');
});

it('judges again when a stage is switched off', async () => {
  const stage = tab.getByRole('checkbox', { name: 'gopherQuality.enabled' });
  const before = await tabFigure();
  await stage.click();
  await tab.getByText('gopherQuality.enabled', { exact: true }).waitFor();
  await expect.poll(() => tabFigure(), WAIT).not.toBe(before);
  await stage.scrollIntoViewIfNeeded();
  await code.screenshot('corpusTab-7-switched');
  await stage.click();
  await expect.poll(() => tabFigure(), WAIT).toBe(before);
});

it('opens a document that the change lets in', async () => {
  const { page } = code;
  const first = tab.locator('.examples.add button').first();
  const name = (await first.locator('strong').innerText()).trim();
  await code.until(page.getByRole('tab', { name: `${name}.txt` }), () => first.click());
  await page
    .getByText(/Dropped by c4: curlyBrackets is/)
    .first()
    .waitFor();
});

it('keeps what was moved when the window is loaded again, and saves it as a recipe', async () => {
  const { page } = code;
  await page.getByRole('tab', { name: 'web', exact: true }).click();
  tab = await code.webview('web');
  await tab.getByRole('checkbox', { name: 'fineweb.enabled' }).click();
  await tab.getByText('fineweb.enabled', { exact: true }).waitFor();
  await code.reload();
  tab = await code.webview('web');
  await expect.poll(() => valueOf('c4.maxCurlyBrackets'), WAIT).toBeGreaterThan(3);
  const moved = await valueOf('c4.maxCurlyBrackets');
  const promised = await tabFigure();
  const question = page.getByText('What shall the corpus with these thresholds be called?');
  await code.until(question, () => tab.getByText('Save as Recipe...').click());
  await code.answer('looser', 'What shall the corpus with these thresholds be called?');
  await page.getByRole('tab', { name: 'looser.corpus.json' }).waitFor();
  expect(JSON.parse(code.read('looser.corpus.json'))).toEqual({
    name: 'looser',
    sources: ['texts.jsonl'],
    c4: { maxCurlyBrackets: moved },
    fineweb: { enabled: false },
  });
  await code.screenshot('corpusTab-4-recipe');
  await code.showTrees();
  tab = await openCorpus('looser');
  await expect.poll(() => tabFigure(), WAIT).toBe(promised);
  expect(existsSync(code.path('.glassbox/corpora/looser/corpus.json'))).toBe(true);
});

/** Documents that are kept: what the tab says of the thresholds as they are. */
async function tabFigure(): Promise<string | undefined> {
  const facts = tab.locator('.changes .facts dd').first();
  const text = (await facts.isVisible())
    ? await facts.innerText()
    : await tab.locator('.facts dd').first().innerText();
  return /^\d+/.exec(text.trim())?.[0];
}

it('has something to say of a corpus of one document, and of one of none', async () => {
  tab = await openCorpus('one');
  await tab.getByText('1 / 1').waitFor();
  await tab.getByText('None is dropped.').waitFor();
  await line('gopherQuality.minWords').waitFor();
  await code.screenshot('corpusTab-5-one');
  tab = await openCorpus('none');
  await tab.getByText('0 / 1').waitFor();
  await tab.getByText('Repetition (Gopher): maxTop2Gram').waitFor();
  expect(await tab.getByText('Train on This Corpus').count()).toBe(0);
  await line('gopherQuality.minWords').waitFor();
  await code.screenshot('corpusTab-6-none');
});
