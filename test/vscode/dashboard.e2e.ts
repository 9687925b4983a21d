/** The run dashboard as a person uses it: old runs, a comparison, the keyboard, and a run that goes on. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../../src/recipe/run';
import { openWorkspace } from './harness/vscode';
import type { FrameLocator } from './harness/vscode';

interface Old {
  readonly steps: number;
  readonly lowest: number;
}

/** The files of a run that ended some time ago. */
function oldRun(name: string, { steps, lowest }: Old): Record<string, string> {
  const metrics: unknown[] = [];
  const samples: unknown[] = [];
  for (let step = 1; step <= steps; step++) {
    const fall = 4 * Math.exp((-5 * step) / steps);
    const noise = 0.15 * Math.sin(step * 12.9898);
    metrics.push({
      ...{ kind: 'train', step, tokens: step * 2048, loss: lowest + fall + noise, lr: 0.001 },
      ...{ gradNorm: 1 + fall / 4 + noise, tokensPerSecond: 9000 + 4000 * noise },
      ...{ stepMs: 220, time: 1_790_000_000_000 + step * 220 },
    });
    if (step === 1 || step % (steps / 10) === 0)
      metrics.push({
        ...{ kind: 'eval', step, valLoss: lowest + 0.2 + fall, bitsPerByte: lowest / 2 },
      });
    if (step % (steps / 5) === 0)
      for (const prompt of ['Call me', 'The whale'])
        samples.push({ kind: 'sample', step, prompt, text: ` was written at step ${step}.` });
  }
  const recipe = recipeSchema.parse({ name, train: { steps, lr: lowest / 1000 } });
  const lines = (records: readonly unknown[]): string =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const folder = `.glassbox/runs/${name}`;
  return {
    [`${folder}/recipe.json`]: JSON.stringify(recipe, undefined, 2),
    // A killed writer left half a line.
    [`${folder}/metrics.jsonl`]: `${lines(metrics)}{"kind":"train","st`,
    [`${folder}/samples.jsonl`]: lines(samples),
  };
}

const lossChart = (dashboard: FrameLocator) => dashboard.getByRole('slider', { name: /^Loss/ });
const lastPlace = async (dashboard: FrameLocator): Promise<number> =>
  Number(await lossChart(dashboard).getAttribute('aria-valuemax'));

describe('the run dashboard', () => {
  it('shows old runs, compares them, answers to the keyboard, and comes back after a reload', async () => {
    const code = await openWorkspace({
      files: {
        ...oldRun('baseline', { steps: 500, lowest: 2.1 }),
        ...oldRun('a-longer-name-for-the-second-run', { steps: 400, lowest: 1.7 }),
      },
    });
    await code.command('Glassbox: Open Run');
    await code.pick('baseline');
    let one = await code.webview('baseline');
    await expect.poll(() => lastPlace(one), { timeout: 60_000 }).toBe(500);
    await expect
      .poll(() => lossChart(one).getAttribute('aria-valuetext'))
      .toContain('Step 500: training 2.');
    await one.getByText('was written at step 500.').first().waitFor();
    await code.inThemes('dashboard-one');

    // Behind another tab the page is gone; in front again it is as it was.
    for (let time = 0; time < 2; time++) {
      await code.command('File: New Untitled Text File');
      await code.page.locator('iframe.webview.ready').waitFor({ state: 'detached' });
      await code.page.getByRole('tab', { name: 'baseline' }).click();
      one = await code.webview('baseline');
      await expect.poll(() => lastPlace(one), { timeout: 60_000 }).toBe(500);
    }

    // Scrubs back through what it wrote.
    await one.getByRole('slider', { name: 'Step of the samples' }).press('ArrowLeft');
    await one.getByText('was written at step 400.').first().waitFor();

    // Reads and zooms by the keyboard alone.
    const chart = lossChart(one);
    await chart.press('Home');
    await chart.press('+');
    await expect.poll(() => chart.getAttribute('aria-valuemax')).toMatch(/^250/);
    await chart.press('Shift+ArrowRight');
    await expect.poll(() => chart.getAttribute('aria-valuemin')).toMatch(/^50/);
    await chart.press('0');
    await expect.poll(() => chart.getAttribute('aria-valuemax')).toBe('500');

    // Drags over a part, and doubles a click to see all again.
    const box = await one.locator('.chart-loss .u-over').boundingBox();
    expect(box).not.toBeNull();
    const [left, top, width] = [box!.x, box!.y + 60, box!.width];
    await code.page.mouse.move(left + width * 0.2, top);
    await code.page.mouse.down();
    await code.page.mouse.move(left + width * 0.6, top, { steps: 5 });
    await code.page.mouse.up();
    await expect.poll(() => chart.getAttribute('aria-valuemax').then(Number)).toBeLessThan(310);
    await code.page.mouse.dblclick(left + width * 0.5, top);
    await expect.poll(() => chart.getAttribute('aria-valuemax')).toBe('500');

    // The same values as a table.
    await one.getByText('Show as a table').click();
    await expect.poll(() => one.locator('.table tbody tr').count()).toBe(50);
    await code.screenshot('dashboard-table');
    await one.getByText('Show as a table').click();

    await one.getByRole('button', { name: 'Save the values as CSV' }).click();
    await code.page.locator('.quick-input-widget input').waitFor();
    await code.page.keyboard.press('Enter');
    await code.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await expect.poll(() => csv(code.path('baseline.csv')).length).toBe(502);
    expect(csv(code.path('baseline.csv'))[1]).toMatch(/^baseline,1,2048,0\.22,/);
    await one.getByRole('button', { name: 'Save the charts as PNG' }).click();
    await code.page.locator('.quick-input-widget input').waitFor();
    await code.page.keyboard.press('Enter');
    await code.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await expect.poll(() => isPicture(code.path('baseline.png'))).toBe(true);

    await one.getByRole('button', { name: 'Compare...' }).click();
    await code.page.locator('.quick-input-widget').getByText('a-longer-name').first().waitFor();
    await code.page.locator('.quick-input-widget .monaco-checkbox').first().click();
    await code.page.locator('.quick-input-widget').getByText('OK', { exact: true }).click();
    const both = await code.webview(/a-longer-name/);
    await both.getByText('2 runs compared').waitFor();
    await expect
      .poll(() => lossChart(both).getAttribute('aria-valuetext'))
      .toMatch(/baseline: training 2\.\d+.*a-longer-name-for-the-second-run: training 1\.\d+/);
    await both.getByRole('radio', { name: 'Tokens' }).click();
    await both.getByRole('button', { name: 'baseline', exact: true }).click();
    await expect.poll(() => lastPlace(both)).toBe(400 * 2048);
    await both.getByRole('button', { name: 'baseline', exact: true }).click();
    await both.getByText('What differs').click();
    await both.getByRole('row', { name: /train\.lr/ }).waitFor();
    await code.inThemes('dashboard-compare');

    await code.reload();
    const again = await code.webview(/a-longer-name/);
    await again.getByText('2 runs compared').waitFor();
    await expect.poll(() => lastPlace(again)).toBe(500 * 2048);
    await again.getByRole('radio', { name: 'Tokens', checked: true }).waitFor();
    expect(await code.notifications()).toEqual([]);
  });

  it('follows a run, pauses it, resumes it, and offers to go on after the engine was killed', async () => {
    const text = 'The whale swims away from the ship, and the captain looks on.\n'.repeat(400);
    const recipe = {
      ...{ name: 'live', data: { paths: ['text.txt'] }, tokenizer: { kind: 'byte' } },
      model: { layers: 1, heads: 2, width: 32, context: 32 },
      train: { steps: 100_000, batch: 4, evalEvery: 50, sampleEvery: 100, checkpointEvery: 50 },
      samples: { prompts: ['The whale'], maxTokens: 16 },
    };
    const code = await openWorkspace({
      files: { 'text.txt': text, 'live.recipe.json': JSON.stringify(recipe, undefined, 2) },
      open: ['live.recipe.json'],
      viewport: { width: 1000, height: 800 },
    });
    await code.command('Glassbox: Start Run from Recipe');
    const dashboard = await code.webview('live');
    await expect.poll(() => lastPlace(dashboard), { timeout: 120_000 }).toBeGreaterThan(120);
    await dashboard.locator('blockquote').first().waitFor();
    await code.screenshot('dashboard-live');

    await dashboard.getByRole('button', { name: 'Pause' }).click();
    await dashboard.getByText('Paused', { exact: true }).waitFor();
    const paused = await lastPlace(dashboard);
    await dashboard.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => lastPlace(dashboard), { timeout: 60_000 }).toBeGreaterThan(paused + 60);

    const engine = await code.engineProcess();
    expect(engine).toBeDefined();
    process.kill(engine!.pid, 'SIGKILL');
    await dashboard.getByText(/Cut off at step \d+/).waitFor();
    await code.screenshot('dashboard-cut-off');
    const cut = await lastPlace(dashboard);
    await dashboard.getByRole('button', { name: 'Resume' }).first().click();
    await expect.poll(() => lastPlace(dashboard), { timeout: 60_000 }).toBeGreaterThan(cut + 60);
    await dashboard.getByRole('button', { name: 'Stop' }).click();
    await dashboard.getByText('Stopped', { exact: true }).waitFor();
  });
});

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
const csv = (file: string): string[] => readText(file).split('\r\n');
const isPicture = (file: string): boolean => readText(file).slice(1, 4) === 'PNG';
