/**
 * A keystroke in a file of 10 MB whose tokens are shown, in a real VS Code (code-server) with the packed
 * extension: from the event that tells the extension of the change to the new decorations' being handed
 * over, as the extension's own log has it at the level "Trace". Typed at 12 characters a second in the
 * midst of the file, idle and while a run trains on one thread.
 *
 * VS Code's own merge-conflict extension reads the whole text after each keystroke, in the thread that
 * all extensions share; so it is measured with that extension (`--merge-conflict`) and without.
 *
 *     npm run package && npm run bench -- overlay --vsix packages/NAME.vsix --browser /usr/bin/chromium
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { installExtension, readLogs, startServer } from '../scripts/vscodeServer.mjs';

const LINES = 100_000;
const LINE = 'hello world, how tokens are cut: x = foo(bar); return [1, 22, 333].map((n) => n * 2)';
const TYPED = 'the quick brown fox jumps over the lazy dog and then some more, on and on ';
/** Milliseconds between two characters. */
const DELAY = 80;
const INPUT = '.quick-input-widget input.input';
const ROW = '.quick-input-list .monaco-list-row';

function option(name: string): string {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? undefined : process.argv[at + 1];
  if (value === undefined) throw new Error(`${name} is missing; see the top of bench/overlay.ts.`);
  return value;
}

async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator(INPUT).fill(`>${title}`);
  await page.locator(ROW, { hasText: title }).first().click();
}

async function pick(page: Page, label: string): Promise<void> {
  await page.locator(ROW, { hasText: label }).first().click();
}

async function run(): Promise<void> {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-bench-'));
  const folder = path.join(home, 'workspace');
  mkdirSync(folder);
  const text = Array.from({ length: LINES }, (_, line) => `${line} ${LINE} and so on\n`).join('');
  writeFileSync(path.join(folder, 'big.txt'), text);
  const extensions = path.join(home, 'extensions');
  await installExtension(path.resolve(option('--vsix')), { home, extensions });
  const merges = process.argv.includes('--merge-conflict');
  const settings = {
    'glassbox.tokens.tokenizer': 'cl100k_base',
    'workbench.editorLargeFileConfirmation': 200,
    'editor.quickSuggestions': 'off',
    'merge-conflict.codeLens.enabled': merges,
    'merge-conflict.decorators.enabled': merges,
  };
  const server = await startServer({ home, extensions, settings, trust: true });
  const browser = await chromium.launch({
    executablePath: option('--browser'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  });
  const log = (): string => readLogs(server.userData, 'Glassbox');

  async function type(page: Page, name: string): Promise<void> {
    const before = log().length;
    await page.keyboard.type(TYPED, { delay: DELAY });
    await page.waitForTimeout(1000);
    const painted = [
      ...log()
        .slice(before)
        .matchAll(/painted .* after ([\d.]+) ms/g),
    ];
    const took = painted.map(([, milliseconds]) => Number(milliseconds)).sort((a, b) => a - b);
    const at = (part: number): string => String(took[Math.floor((took.length - 1) * part)]);
    console.log(
      `${name.padEnd(9)} n ${took.length}, median ${at(0.5)} ms, 95% ${at(0.95)} ms, longest ${at(1)} ms`,
    );
  }

  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const { host } = new URL(server.url);
    const open = [['openFile', `vscode-remote://${host}${path.join(folder, 'big.txt')}`]];
    const query = new URLSearchParams({ folder, payload: JSON.stringify(open) });
    await page.goto(`${server.url}/?${query.toString()}`);
    await page.locator('.view-line').first().waitFor();
    while (!log().includes('is active')) await page.waitForTimeout(200);
    await page.waitForTimeout(5000);

    await command(page, 'Glassbox: Show Tokens');
    await page.locator('.statusbar-item', { hasText: /[\d,]{9} tokens/ }).waitFor();
    await command(page, 'Developer: Set Log Level...');
    await pick(page, 'Glassbox');
    await page.locator(ROW, { hasText: 'Glassbox' }).waitFor({ state: 'detached' });
    await pick(page, 'Trace');
    await page.keyboard.press('ControlOrMeta+G');
    await page.locator(INPUT).fill(`:${LINES / 2}`);
    await page.keyboard.press('Enter');
    await page.locator('.line-numbers', { hasText: String(LINES / 2) }).waitFor();

    await type(page, 'first');
    await type(page, 'idle');
    const cli = path.resolve('dist', 'cli.js');
    const args = ['train', '--steps', '100000', '--threads', '1', '--out', path.join(home, 'run')];
    const training = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(training.stdout, 'data');
    training.stdout.resume();
    await page.waitForTimeout(4000);
    await type(page, 'training');
    training.kill();
    await once(training, 'exit');
  } finally {
    await browser.close();
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
