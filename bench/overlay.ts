/**
 * A keystroke in a file of 10 MB whose tokens are shown, in a real VS Code (code-server) with the packed
 * extension: from the event that tells the extension of the change to the new decorations' being handed
 * over, as the extension's own log has it at the level "Trace". Typed at 12 characters a second in the
 * midst of the file, idle and while a run trains on one thread.
 *
 * VS Code's own merge-conflict extension reads the whole text after each keystroke, in the thread that
 * all extensions share; so it is measured with that extension (`--merge-conflict`) and without.
 *
 *     npm run bench -- overlay [--merge-conflict]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { withEditor, withPackedExtension } from './support/editor';
import type { Editor } from './support/editor';

const LINES = 100_000;
const LINE = 'hello world, how tokens are cut: x = foo(bar); return [1, 22, 333].map((n) => n * 2)';
const TYPED = 'the quick brown fox jumps over the lazy dog and then some more, on and on ';
/** Milliseconds between two characters. */
const DELAY = 80;

async function type({ window: { page }, log }: Editor, name: string): Promise<void> {
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

async function measure(editor: Editor): Promise<void> {
  const { window, folder } = editor;
  const { page } = window;
  await page.locator('.view-line').first().waitFor();
  await page.waitForTimeout(5000);
  await window.command('Glassbox: Show Tokens');
  await page.locator('.statusbar-item', { hasText: /[\d,]{9} tokens/ }).waitFor();
  await window.command('Developer: Set Log Level...');
  await window.pick('Glassbox');
  await window.pick('Trace');
  await page.keyboard.press('ControlOrMeta+G');
  await window.answer(`:${LINES / 2}`);
  await page.locator('.line-numbers', { hasText: String(LINES / 2) }).waitFor();

  await type(editor, 'first');
  await type(editor, 'idle');
  const cli = path.resolve('dist', 'cli.js');
  const out = path.join(path.dirname(folder), 'run');
  const args = ['train', '--steps', '100000', '--threads', '1', '--out', out];
  const training = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(training.stdout, 'data');
  training.stdout.resume();
  await page.waitForTimeout(4000);
  await type(editor, 'training');
  training.kill();
  await once(training, 'exit');
}

async function run(): Promise<void> {
  const merges = process.argv.includes('--merge-conflict');
  const settings = {
    'glassbox.tokens.tokenizer': 'cl100k_base',
    'workbench.editorLargeFileConfirmation': 200,
    'editor.quickSuggestions': 'off',
    'merge-conflict.codeLens.enabled': merges,
    'merge-conflict.decorators.enabled': merges,
  };
  const text = Array.from({ length: LINES }, (_, line) => `${line} ${LINE} and so on\n`).join('');
  await withPackedExtension((packed) =>
    withEditor(packed, { files: { 'big.txt': text }, settings, open: 'big.txt' }, measure),
  );
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
