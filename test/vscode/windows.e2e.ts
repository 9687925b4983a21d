/** Windows that are not simply one trusted folder on a disk: several roots, two windows, none on a disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { FrameLocator, Window } from './harness/vscode';

const CLI = path.resolve('dist', 'cli.js');
const MEMORY_FILES = path.resolve('test', 'vscode', 'harness', 'memoryFiles');
const WAIT = { timeout: 100_000, interval: 250 };
const TEXT = Array.from({ length: 600 }, (_, line) => `Line ${line}: the whale is ${line * 7}.\n`);

const recipe = (name: string, steps: number) => ({
  name,
  data: { paths: ['whales.txt'] },
  tokenizer: { kind: 'byte' },
  model: { layers: 1, heads: 2, width: 32, context: 16 },
  train: { steps, batch: 1, evalEvery: 1000, sampleEvery: 0, checkpointEvery: 20 },
});

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-old-run-'));
/** The files of a finished run, by their paths in its folder. */
let trained: Readonly<Record<string, Uint8Array>>;

beforeAll(() => {
  writeFileSync(path.join(folder, 'whales.txt'), TEXT.join(''));
  const file = path.join(folder, 'whales.recipe.json');
  writeFileSync(file, JSON.stringify(recipe('whales', 20)));
  const out = path.join(folder, 'run');
  execFileSync(process.execPath, [CLI, 'train', '--recipe', file, '--out', out], {
    stdio: 'ignore',
  });
  trained = Object.fromEntries(
    readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .map((each) => [path.relative(out, each), readFileSync(each)]),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runIn = (place: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(trained).map(([file, bytes]) => [path.join(place, file), bytes]),
  );

const rows = ({ page }: Window, text: string | RegExp) =>
  page.locator('.pane-body .monaco-list-row', { hasText: text });

it('lists what several roots hold, and asks into which of them a new run goes', async () => {
  const code = await openWorkspace({
    roots: ['alpha', 'beta'],
    files: {
      ...runIn('alpha/.glassbox/runs/whales'),
      ...runIn('beta/.glassbox/runs/whales'),
      'alpha/ships.txt': TEXT.join(''),
      'beta/whales.txt': TEXT.join(''),
      'beta/fast.recipe.json': JSON.stringify(recipe('fast', 100_000), undefined, 2),
    },
  });
  const { page } = code;
  page.setDefaultTimeout(60_000);
  await code.showTrees();
  await rows(code, /whales.*alpha · 20 steps/).waitFor();
  await rows(code, /whales.*beta · 20 steps/).waitFor();
  await rows(code, /whales.*alpha · step 20 · .*parameters/).waitFor();
  await rows(code, /whales.*alpha · 256 tokens/).waitFor();
  await rows(code, /whales.*beta · 256 tokens/).waitFor();
  await rows(code, /whales.*beta · step 20 · .*parameters/).waitFor();

  await code.command('Glassbox: New Training Run...');
  await page.getByPlaceholder('Which folder shall hold it?').waitFor();
  await code.screenshot('windows-roots-1-folder');
  await code.answer('beta');
  await page.getByText(/beta.*whales\.txt, \d/).waitFor();
  await code.pick("This Workspace's Text");
  await code.pick('tiny');
  await page.getByText(/How many steps/).waitFor();
  await code.answer('100000');
  await page.getByText('What shall the run be called?').waitFor();
  await code.answer('asked');
  await rows(code, /asked.*beta · step \d+\/100000/).waitFor();
  await code.screenshot('windows-roots-2-run');
  expect(readdirSync(code.path('beta/.glassbox/runs')).sort()).toEqual(['asked', 'whales']);
  expect(readdirSync(code.path('alpha/.glassbox/runs'))).toEqual(['whales']);
  await code.command('Glassbox: Stop Run');
  await rows(code, /asked.*stopped/).waitFor();

  // A recipe lies in a folder: there is nothing to ask.
  await code.openFile('fast.recipe.json');
  await code.command('Glassbox: Start Run from Recipe');
  await expect.poll(() => existsSync(code.path('beta/.glassbox/runs/fast')), WAIT).toBe(true);
  await rows(code, /fast.*beta · step \d+\/100000/).waitFor();
  await code.close();
});

it('shows in one window what another trains, and never owns it twice', async () => {
  const code = await openWorkspace({
    files: {
      'whales.txt': TEXT.join(''),
      'one.recipe.json': JSON.stringify(recipe('one', 200_000), undefined, 2),
      'two.recipe.json': JSON.stringify(recipe('two', 200_000), undefined, 2),
    },
    open: ['two.recipe.json'],
  });
  await code.command('Glassbox: Start Run from Recipe');
  await code.showTrees();
  await rows(code, /two.*step [1-9]\d+\//).waitFor();
  await code.command('Glassbox: Stop Run');
  await rows(code, /two.*stopped/).waitFor();
  await code.openFile('one.recipe.json');
  await code.command('Glassbox: Start Run from Recipe');
  await rows(code, /one.*step [1-9]\d+\//).waitFor();

  const other = await code.openWindow();
  other.page.setDefaultTimeout(60_000);
  await other.showTrees();
  await rows(other, /one.*running in another window/).waitFor();
  await rows(other, /two.*stopped/).waitFor();
  expect(await other.notifications()).toEqual([]);
  expect(await other.offers('Glassbox: Stop Run')).toBe(false);
  await other.command('Glassbox: Open Run');
  await other.pick('one');
  const page = await other.webview('one');
  await page.getByText('Runs in another process').first().waitFor();
  const before = await stepOf(page);
  await expect.poll(() => stepOf(page), WAIT).toBeGreaterThan(before);
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  await other.screenshot('windows-two-1-elsewhere');

  // What one stops, the other may go on with; then it is the first that only looks on.
  await code.command('Glassbox: Stop Run');
  await other.page.bringToFront();
  await rows(other, /one.*stopped/).waitFor();
  await code.page.bringToFront();
  await code.command('Glassbox: Resume Run');
  await code.pick('one');
  await rows(code, /one.*step \d+\/.*left/).waitFor();
  await other.page.bringToFront();
  await rows(other, /one.*running in another window/).waitFor();

  // Nor does it end with a window that only looked at it.
  await other.page.close();
  const now = await rows(code, /one.*left/).innerText();
  await expect.poll(() => rows(code, /one.*left/).innerText(), WAIT).not.toBe(now);
  await code.close();
});

it('shows tokens in a folder that is on no disk, and says what it can not do there', async () => {
  const code = await openWorkspace({ roots: ['memory:/sea'], extensions: [MEMORY_FILES] });
  code.page.setDefaultTimeout(60_000);
  await code.page.getByRole('treeitem', { name: 'notes.txt' }).dblclick();
  await code.page.locator('.view-line', { hasText: 'Ishmael' }).waitFor();
  await code.command('Glassbox: Show Tokens');
  await expect.poll(() => code.statusBarText(), WAIT).toMatch(/7 tokens/);
  await code.showTrees();
  await code.page.getByText('Runs are kept in a folder on your disk.').waitFor();
  await code.screenshot('windows-virtual');
  for (const title of ['New Training Run...', 'New Recipe...', 'Train Tokenizer...'])
    expect(await code.offers(`Glassbox: ${title}`)).toBe(false);
  expect(await code.notifications()).toEqual([]);
  await code.close();
});

/** Where the progress bar of a dashboard is. */
const stepOf = async (dashboard: FrameLocator): Promise<number> =>
  Number(await dashboard.locator('progress').first().getAttribute('value'));
