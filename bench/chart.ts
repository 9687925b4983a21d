/**
 * The run dashboard with 100,000 steps, in Chromium: how long its page takes from the file to the
 * whole picture, and how long a frame takes while a person zooms, moves along and points. The page is
 * the built one (dist/webview/run.js) with an editor of a few lines around it; a frame's time is all
 * that the page's thread does for it: thinning out, drawing, text. Compositing is not in it.
 *
 *     npm run bench -- chart
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import process from 'node:process';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { browser } from '../scripts/vscodeInstall.mjs';

const STEPS = 100_000;
const [WIDTH, HEIGHT] = [1400, 1000];

/** A metrics.jsonl as a long run writes it. */
function metrics(): string {
  const lines: string[] = [];
  for (let step = 1; step <= STEPS; step++) {
    // The noise needs no quality, only to be the same at each run.
    const noise = Math.abs(Math.sin(step * 12.9898) * 43758.5453) % 1;
    const loss = 2 + 8 / (1 + step / 500) + 0.4 * noise;
    const rates = { lr: 6e-4, gradNorm: 1 + noise, tokensPerSecond: 18_000 + 900 * noise };
    const times = { stepMs: 440, time: 1_790_000_000_000 + step * 440 };
    lines.push(
      JSON.stringify({ kind: 'train', step, tokens: step * 8192, loss, ...rates, ...times }),
    );
    if (step % 250 === 0)
      lines.push(JSON.stringify({ kind: 'eval', step, valLoss: loss, bitsPerByte: loss / 3 }));
  }
  return `${lines.join('\n')}\n`;
}

/** Stands for VS Code: hands over one finished run, and answers whatever the page asks with nothing. */
const EDITOR = `
  const tell = (message) => window.postMessage(message, '*');
  const run = { folder: '/runs/long', name: 'long', state: 'finished', files: '/files/',
    resumable: false, step: ${STEPS}, steps: ${STEPS}, tokens: 0, checkpoints: [], started: 1, updated: 2 };
  window.acquireVsCodeApi = () => ({
    getState: () => undefined,
    setState: () => undefined,
    postMessage: (message) => {
      if (message === 'glassbox:hello') tell('glassbox:ready');
      else if (message.method === 'watch')
        tell({ jsonrpc: '2.0', method: 'event',
          params: { stream: message.params.stream, event: { runs: [run], news: [] } } });
      else if (message.id !== undefined) tell({ jsonrpc: '2.0', id: message.id, result: null });
    },
  });
  // Times what the page does in each frame that it asks for.
  window.frames_ = [];
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) => ask((now) => {
    const started = performance.now();
    draw(now);
    // uPlot draws in a microtask of the frame.
    queueMicrotask(() => queueMicrotask(() => window.frames_.push(performance.now() - started)));
  });`;

const PAGE = `<!DOCTYPE html><link rel="stylesheet" href="/run.css"><main id="root"></main>
  <script>${EDITOR}</script><script src="/run.js"></script>`;

function serve(records: string): Server {
  const files: Readonly<Record<string, readonly [type: string, text: () => string | Buffer]>> = {
    '/': ['text/html', () => PAGE],
    '/files/metrics.jsonl': ['text/plain', () => records],
    '/run.js': ['text/javascript', () => readFileSync('dist/webview/run.js')],
    '/run.css': ['text/css', () => readFileSync('dist/webview/run.css')],
  };
  return createServer(({ url }, response) => {
    const file = files[url ?? ''];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' });
    response.end(file?.[1]());
  });
}
async function frames(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate('frames_.length = 0');
  await work();
  const times: unknown = await page.evaluate('frames_');
  return Array.isArray(times) ? times.map(Number).sort((a, b) => a - b) : [];
}

function report(name: string, times: readonly number[]): void {
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN).toFixed(1);
  console.log(`| ${name} | ${times.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
}

async function run(): Promise<void> {
  const executablePath = await browser();
  const records = metrics();
  const server = serve(records);
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    }),
  );
  const started = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await started.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    const opened = performance.now();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.locator('.uplot').first().waitFor();
    const first = performance.now() - opened;
    await page.locator('[role=slider][aria-valuemax="100000"]').first().waitFor();
    const whole = performance.now() - opened;
    console.log(
      `${STEPS} steps, ${(records.length / 1e6).toFixed(1)} MB: first picture after ${Math.round(first)} ms, the whole after ${Math.round(whole)} ms.\n`,
    );
    console.log('| A frame, ms | frames | median | 99% | longest |\n|---|---|---|---|---|');
    const box = await page.locator('.chart-loss .u-over').boundingBox();
    if (!box) throw new Error('The chart is not there.');
    const [left, top] = [box.x + box.width / 2, box.y + box.height / 2];
    const slider = page.locator('.chart-loss [role=slider]');
    report(
      'pointing',
      await frames(page, async () => {
        for (let i = 0; i < 200; i++) await page.mouse.move(left + i - 100, top);
      }),
    );
    await page.keyboard.down('Control');
    report(
      'zooming in and out',
      await frames(page, async () => {
        for (let i = 0; i < 200; i++) await page.mouse.wheel(0, i < 100 ? -12 : 12);
      }),
    );
    await page.keyboard.up('Control');
    await slider.press('+');
    report(
      'moving along',
      await frames(page, async () => {
        for (let i = 0; i < 200; i++) await page.mouse.wheel(i < 100 ? 15 : -15, 0);
      }),
    );
    await slider.press('0');
    report(
      'smoothing anew',
      await frames(page, async () => {
        const smoothing = page.locator('.smoothing input');
        for (let i = 0; i < 100; i++) await smoothing.press(i < 50 ? 'ArrowRight' : 'ArrowLeft');
      }),
    );
  } finally {
    await started.close();
    server.close();
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
