/** Training in VS Code without the dashboard: the guided input, trees, status bar, the life of runs. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { beforeAll, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const TEXT = Array.from({ length: 800 }, (_, line) => `Line ${line}: the whale is ${line * 7}.\n`);
const STEPS = 5000;
/** Steps of some milliseconds, with a checkpoint every few of them. */
const FAST = {
  name: 'fast',
  data: { paths: ['whales.txt'] },
  tokenizer: { kind: 'byte' },
  model: { preset: 'tiny', layers: 1, context: 16 },
  train: { steps: STEPS, batch: 1, evalEvery: 1000, sampleEvery: 0, checkpointEvery: 20 },
};
const WAIT = { timeout: 100_000, interval: 250 };

let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: { 'whales.txt': TEXT.join(''), 'fast.recipe.json': JSON.stringify(FAST, undefined, 2) },
  });
  code.page.setDefaultTimeout(60_000);
});

const stepOf = async (): Promise<number> =>
  Number(/\b(\d+)\/5000/.exec(await code.statusBarText())?.[1] ?? 0);

const row = (text: string | RegExp) =>
  code.page.locator('.pane-body .monaco-list-row', { hasText: text }).first();

it('asks for text, size, steps and name, with a way back, and starts the run', async () => {
  const { page } = code;
  await code.command('Glassbox: New Training Run...');
  await page.getByText("This Workspace's Text").waitFor();
  await code.inThemes('training-1-text');
  await code.pick("This Workspace's Text");
  await page
    .getByText(/1000 steps take about .* of memory/)
    .first()
    .waitFor();
  await code.screenshot('training-2-size');
  await page.getByRole('button', { name: 'Back' }).first().click();
  await page.getByText('Sample: Moby Dick').waitFor();
  await code.pick("This Workspace's Text");
  await code.pick('tiny');
  await page.getByText(/How many steps/).waitFor();
  await code.answer('no number');
  await page.getByText('Expected a whole number above 0.').waitFor();
  await code.screenshot('training-3-wrong');
  await page.locator('.quick-input-widget input.input').fill(String(STEPS));
  await page.getByText(/About .* on this machine/).waitFor();
  await code.screenshot('training-3-steps');
  await code.answer(String(STEPS));
  await page.getByText('What shall the run be called?').waitFor();
  await code.answer('whales');
  await expect.poll(stepOf, WAIT).toBeGreaterThan(5);
  await expect.poll(() => code.statusBarText()).toMatch(/whales · \d+\/5000 · loss \d+\.\d+ · CPU/);
  expect(code.read('.glassbox', '.gitignore')).toBe('*\n');
});

it('shows the run in the tree as it goes on', async () => {
  await code.showTrees();
  await row(/whales.*step \d+\/5000 · loss .* left/).waitFor();
  await code.inThemes('training-4-trees');
});

it('stops in order, and lists what was trained among the models', async () => {
  await code.command('Glassbox: Stop Run');
  await row(/whales.*stopped · step \d+\/5000/).waitFor();
  await row(/whales.*step \d+ · .* parameters/).waitFor();
  await row(/gpt2.*50k tokens/).waitFor();
});

it('says once that the engine died, and goes on with the run', async () => {
  await code.openFile('fast.recipe.json');
  await code.command('Glassbox: Start Run from Recipe');
  await expect.poll(stepOf, WAIT).toBeGreaterThan(40);
  const engine = await code.engineProcess();
  process.kill(engine!.pid, 'SIGKILL');
  await row(/fast.*interrupted/).waitFor();
  await code.page.getByText('ended unexpectedly').first().waitFor();
  await expect
    .poll(() => code.notifications())
    .toEqual([expect.stringMatching(/engine ended unexpectedly.*"fast" was cut off at step \d+/)]);
  await code.screenshot('training-5-crash');
  await code.answerNotification('ended unexpectedly', 'Resume');
  await expect.poll(stepOf, WAIT).toBeGreaterThan(20);
});

it('pauses and resumes', async () => {
  await code.command('Glassbox: Pause Run');
  await row(/fast.*paused/).waitFor();
  await code.command('Glassbox: Resume Run');
  await code.pick('fast');
  await row(/fast.*left/).waitFor();
});

it('ends in order with the window, and is offered when it opens again', async () => {
  const before = await stepOf();
  await code.reload();
  await code.answerNotification(/"fast" was cut off at step/, 'Resume');
  await expect.poll(stepOf, WAIT).toBeGreaterThan(before);
});

it('is deleted after asking', async () => {
  const { page } = code;
  await code.command('Glassbox: Stop Run');
  await row(/fast.*stopped/).waitFor();
  await code.command('Glassbox: Delete Run');
  await code.pick('fast');
  await page.getByRole('button', { name: 'Move to Trash' }).waitFor();
  await code.screenshot('training-6-delete');
  await page.getByRole('button', { name: 'Move to Trash' }).click();
  await expect
    .poll(async () => {
      const forGood = page.getByRole('button', { name: 'Delete Permanently' });
      if (await forGood.isVisible()) await forGood.click();
      return existsSync(code.path('.glassbox/runs/fast'));
    }, WAIT)
    .toBe(false);
  await expect.poll(() => row(/fast/).isVisible(), WAIT).toBe(false);
  await code.screenshot('training-7-deleted');
});
