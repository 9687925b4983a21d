/** Recipes in the editor: squiggles, the fix, the estimate, starting one; folders without trust. */
import { existsSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const WAIT = { timeout: 60_000, interval: 250 };
const BROKEN = `{
  "name": "whales",
  "data": { "paths": ["missing.txt"] },
  "model": { "preset": "tiny", "heads": 3 },
  "train": { "stps": 20 }
}
`;

let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'whales.recipe.json': BROKEN,
      'whales.txt': 'The whale swims at night.\n'.repeat(2000),
    },
    open: ['whales.recipe.json'],
  });
  code.page.setDefaultTimeout(60_000);
});

async function type(text: string): Promise<void> {
  const { page } = code;
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

const problems = (): Promise<string[]> =>
  code.page.locator('.markers-panel .monaco-list-row').allInnerTexts();

it('underlines what the schema sees once, and fixes a misspelt field', async () => {
  const { page } = code;
  await code.command('Problems: Focus on Problems View');
  await page.getByText(/Property stps is not allowed/).waitFor();
  expect((await problems()).filter((text) => text.includes('stps'))).toHaveLength(1);
  await code.screenshot('recipes-1-schema');
  const fix = page.locator('.action-widget').getByText('Change to "steps"');
  // The list of fixes closes again when new problems are found.
  await code.until(page.locator('.view-line', { hasText: '"steps"' }), async () => {
    await page.getByText('"stps"').first().click();
    await code.until(fix, () => page.keyboard.press('ControlOrMeta+.'));
    await fix.click({ timeout: 5000 });
  });
});

it('underlines what only the engine can see', async () => {
  await expect.poll(async () => (await problems()).join('\n'), WAIT).toMatch(/missing\.txt/);
  await expect.poll(async () => (await problems()).join('\n')).toMatch(/heads 3 does not divide/);
  await code.screenshot('recipes-2-problems');
});

it('does not start what has problems, and shows them', async () => {
  const said = code.page.getByText(/whales\.recipe\.json has 2 problems/).first();
  await code.until(said, () => code.page.getByText('Start Run', { exact: true }).first().click());
  await code.answerNotification(/whales\.recipe\.json has 2 problems/, 'Show Problems');
  expect(existsSync(code.path('.glassbox'))).toBe(false);
});

it('says what it would take, saves what was typed, and starts it', async () => {
  const { page } = code;
  await type('{ "data": { "paths": ["whales.txt"] }, "train": { "steps": 20, "batch": 2 } }');
  await page
    .getByText(/^about .*(s|min), .*MB$/)
    .first()
    .waitFor();
  await code.inThemes('recipes-3-lens');
  await page.getByText('Start Run', { exact: true }).first().click();
  await expect
    .poll(() => existsSync(code.path('.glassbox/runs/whales/recipe.json')), WAIT)
    .toBe(true);
  expect(code.read('whales.recipe.json')).toContain('"batch": 2');
});

it('makes a new recipe', async () => {
  await code.command('Glassbox: New Recipe...');
  await code.pick('A Model from Nothing');
  await code.answer('mine');
  await code.page.getByRole('tab', { name: /mine\.recipe\.json/ }).waitFor();
  expect(code.read('mine.recipe.json')).toContain('"preset": "tiny"');
});

it('offers nothing in a folder that is not trusted', async () => {
  const other = await openWorkspace({
    files: { 'a.recipe.json': BROKEN, 'a.labels.jsonl': '' },
    open: ['a.recipe.json'],
    trust: false,
  });
  expect(await other.offers('Glassbox: New Training Run...')).toBe(false);
  expect(await other.page.getByText('Start Run', { exact: true }).count()).toBe(0);
  expect(await other.offers('Glassbox: Open Labelling Desk')).toBe(false);
  const labels = { name: /a\.labels\.jsonl/ };
  await other.until(other.page.getByRole('tab', labels).first(), () =>
    other.page.getByRole('treeitem', labels).first().dblclick(),
  );
  await (await other.webview()).getByText('its labels are not shown').waitFor();
  await other.showTrees();
  await other.page
    .getByText(/so it needs your trust/)
    .first()
    .waitFor();
  await other.page.getByText('Corpora of this folder are read once you trust it.').waitFor();
  expect(await other.offers('Glassbox: Open Corpus')).toBe(false);
  await other.screenshot('recipes-4-untrusted');

  await other.close();
});
