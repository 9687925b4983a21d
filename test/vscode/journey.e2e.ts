/** The whole way, as a person goes it: palette, guided input, run, chart, stop, chat. */
import { expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';

const TEXT = Array.from(
  { length: 400 },
  (_, line) =>
    `The whale number ${line % 17} swims ${line % 3 === 0 ? 'home' : 'away'} at night.\n`,
).join('');

it('trains from the palette, shows the loss fall, stops, and chats with what was trained', async () => {
  const code = await openWorkspace({ files: { 'whales.txt': TEXT }, open: ['whales.txt'] });
  const { page } = code;

  await code.command('Glassbox: New Training Run...');
  await page.getByText('Sample: Moby Dick').waitFor();
  await code.pick('Sample: Moby Dick');
  await page
    .getByText(/1000 steps take about .* of memory/)
    .nth(2)
    .waitFor();
  await code.pick('tiny');
  await page.getByText(/How many steps/).waitFor();
  await code.answer('3000');
  await page.getByText('What shall the run be called?').waitFor();
  await code.answer('first');
  const dashboard = await code.webview(/first/);
  await dashboard
    .getByText(/Training/)
    .first()
    .waitFor();
  await expect
    .poll(() => code.statusBarText(), { timeout: 120_000, interval: 500 })
    .toMatch(/first.*\d+\/3000/);
  await expect
    .poll(async () => Number(await dashboard.locator('progress').first().getAttribute('value')), {
      timeout: 120_000,
      interval: 500,
    })
    .toBeGreaterThan(25);
  await code.screenshot('journey-4-dashboard');
  await code.showTrees();
  await code.screenshot('journey-5-trees');
  await dashboard.getByRole('button', { name: 'Stop' }).click();
  await dashboard.getByText('Stopped').first().waitFor();
  await dashboard.getByRole('button', { name: 'Chat' }).click();
  const chat = await code.webview(/Chat/);
  await chat.getByRole('textbox').first().waitFor();
  await code.screenshot('journey-6-chat');
  await chat.getByRole('textbox').first().fill('The whale');
  await chat.getByRole('textbox').first().press('Enter');
  await expect
    .poll(() => chat.locator('body').innerText(), { timeout: 60_000, interval: 500 })
    .toMatch(/The whale[\s\S]{20,}/);
  await code.screenshot('journey-7-answer');
}, 600_000);
