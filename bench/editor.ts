/**
 * What Glassbox costs the editor: how long its activation takes, by VS Code's own account, and how late
 * the extension host's event loop is, idle and while a run trains with its dashboard open. A real VS
 * Code (code-server) with the packed extension; the event loop is watched from outside, through Node's
 * inspector, by perf_hooks' own histogram.
 *
 *     npm run package && npm run bench -- editor --vsix packages/NAME.vsix --browser /usr/bin/chromium
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { descendants, installExtension, startServer } from '../scripts/vscodeServer.mjs';

/** Watched each time, in milliseconds. */
const WATCHED = 30_000;
const INSPECTOR = 'http://127.0.0.1:9229/json/list';
const RECIPE = { model: { preset: 'tiny' }, train: { steps: 100_000, checkpointEvery: 0 } };

function option(name: string): string {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? undefined : process.argv[at + 1];
  if (value === undefined) throw new Error(`${name} is missing; see the top of bench/editor.ts.`);
  return value;
}

/** Evaluates in the process whose inspector listens; the page carries the socket. */
async function evaluate(page: Page, expression: string): Promise<unknown> {
  const targets = z
    .array(z.object({ webSocketDebuggerUrl: z.string() }))
    .parse(await (await fetch(INSPECTOR)).json());
  const answer: unknown = await page.evaluate(
    `new Promise((resolve, reject) => {
      const socket = new WebSocket(${JSON.stringify(targets[0]?.webSocketDebuggerUrl)});
      socket.onerror = () => reject(new Error('the inspector does not answer'));
      socket.onmessage = ({ data }) => { socket.close(); resolve(JSON.parse(data)); };
      socket.onopen = () => socket.send(JSON.stringify({
        id: 1, method: 'Runtime.evaluate',
        params: { expression: ${JSON.stringify(expression)}, returnByValue: true },
      }));
    })`,
  );
  return z.object({ result: z.object({ result: z.object({ value: z.unknown() }) }) }).parse(answer)
    .result.result.value;
}

const delaySchema = z.object({ median: z.number(), p99: z.number(), longest: z.number() });

/** Milliseconds that a timer of 1 ms was late. */
async function watch(page: Page): Promise<z.infer<typeof delaySchema>> {
  await evaluate(
    page,
    `globalThis.delay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 1 }); delay.enable()`,
  );
  await setTimeout(WATCHED);
  const json = await evaluate(
    page,
    `delay.disable(); JSON.stringify({ median: delay.percentile(50) / 1e6 - 1, p99: delay.percentile(99) / 1e6 - 1, longest: delay.max / 1e6 - 1 })`,
  );
  return delaySchema.parse(JSON.parse(z.string().parse(json)));
}

async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input.input').fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
}

async function run(): Promise<void> {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-bench-'));
  const folder = path.join(home, 'workspace');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'long.recipe.json'), JSON.stringify(RECIPE));
  const extensions = path.join(home, 'extensions');
  await installExtension(path.resolve(option('--vsix')), { home, extensions });
  const server = await startServer({ home, extensions, settings: {}, trust: true });
  const browser = await chromium.launch({
    executablePath: option('--browser'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(`${server.url}/?${new URLSearchParams({ folder }).toString()}`);
    await page.locator('.monaco-workbench .statusbar').waitFor();
    await setTimeout(10_000);
    await command(page, 'Developer: Show Running Extensions');
    const row = page.locator('.runtime-extensions-editor .monaco-list-row', {
      hasText: 'Glassbox',
    });
    const shown = await row.first().innerText();
    console.log(
      `activation  ${/Activation: \d+ms/.exec(shown.replace(/\s+/g, ' '))?.[0] ?? shown}`,
    );

    // It may have been opened above everything else.
    await page.keyboard.press('Escape');
    const host = (await descendants(server.pid)).find(({ command: line }) =>
      line.includes('--type=extensionHost'),
    );
    if (!host) throw new Error('There is no extension host.');
    process.kill(host.pid, 'SIGUSR1');
    const blank = await browser.newPage();
    await setTimeout(1000);
    const idle = await watch(blank);
    console.log('idle       ', format(idle));

    await page.getByRole('treeitem', { name: /long.recipe.json/ }).dblclick();
    await page.getByRole('tab', { name: /long.recipe.json/ }).waitFor();
    await command(page, 'Glassbox: Start Run from Recipe');
    await page.locator('.statusbar-item', { hasText: /\d+\/100/ }).waitFor({ timeout: 120_000 });
    const training = await watch(blank);
    console.log('training   ', format(training));
    console.log(`difference  p99 ${(training.p99 - idle.p99).toFixed(2)} ms`);
  } finally {
    await browser.close();
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
}

const format = ({ median, p99, longest }: z.infer<typeof delaySchema>): string =>
  `median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${longest.toFixed(1)} ms`;

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
