/**
 * What Glassbox costs the editor: how long its activation takes, by VS Code's own account, in several
 * starts; and how late the extension host's event loop is, idle and while a run trains with its
 * dashboard open. A real VS Code (code-server) with the packed extension; the event loop is watched from
 * outside, through Node's inspector, by perf_hooks' own histogram.
 *
 *     npm run bench -- editor
 */
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import * as z from 'zod';
import { descendants } from '../scripts/vscodeServer.mjs';
import { withEditor, withPackedExtension } from './support/editor';
import type { Editor } from './support/editor';

const STARTS = 5;
/** Watched each time, in milliseconds. */
const WATCHED = 30_000;
const INSPECTOR = 'http://127.0.0.1:9229/json/list';
const RECIPE = { model: { preset: 'tiny' }, train: { steps: 100_000, checkpointEvery: 0 } };
const FILES = { 'long.recipe.json': JSON.stringify(RECIPE) };

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

/** Milliseconds that "Developer: Show Running Extensions" names: loading the code and activating. */
async function activation({ window }: Editor): Promise<number> {
  await window.command('Developer: Show Running Extensions');
  const row = window.page
    .locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Glassbox' })
    .first();
  const shown = (await row.innerText()).replace(/\s+/g, ' ');
  // It may have opened above everything else.
  await window.page.keyboard.press('Escape');
  const found = /Activation: (\d+)ms/.exec(shown)?.[1];
  if (found === undefined) throw new Error(`There is no time of activation in: ${shown}`);
  return Number(found);
}

async function eventLoop({ window, browser, server }: Editor): Promise<void> {
  const host = (await descendants(server.pid)).find(({ command }) =>
    command.includes('--type=extensionHost'),
  );
  if (!host) throw new Error('There is no extension host.');
  process.kill(host.pid, 'SIGUSR1');
  const blank = await browser.newPage();
  await setTimeout(1000);
  const idle = await watch(blank);
  console.log('idle       ', format(idle));

  await window.page.getByRole('treeitem', { name: /long.recipe.json/ }).dblclick();
  await window.page.getByRole('tab', { name: /long.recipe.json/ }).waitFor();
  await window.command('Glassbox: Start Run from Recipe');
  await window.page.locator('.statusbar-item', { hasText: /\d+\/100/ }).waitFor();
  const training = await watch(blank);
  console.log('training   ', format(training));
  console.log(`difference  p99 ${(training.p99 - idle.p99).toFixed(2)} ms`);
}

async function run(): Promise<void> {
  await withPackedExtension(async (packed) => {
    const activations: number[] = [];
    for (let start = 0; start < STARTS; start++)
      await withEditor(packed, { files: FILES }, async (editor) => {
        // What a window does at its start is over.
        await setTimeout(10_000);
        activations.push(await activation(editor));
        if (start < STARTS - 1) return;
        const sorted = activations.toSorted((a, b) => a - b);
        console.log(`activation  ${sorted.join(', ')} ms`);
        await eventLoop(editor);
      });
  });
}

const format = ({ median, p99, longest }: z.infer<typeof delaySchema>): string =>
  `median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${longest.toFixed(1)} ms`;

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
