/** Tokens in documents of all kinds: what the hover says is what the command line's encoder says. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const WAIT = { timeout: 60_000, interval: 250 };

/** One word or sign a line, so that each can be found and pointed at. */
const STRANGE = [
  '🐋🐋', // Several tokens a character.
  '👩‍🚀 flies', // One sign of three characters.
  '鯨は大きい',
  'مرحبا',
  'e\u0301tude', // A letter and its accent apart.
  'zero\u200bwidth\u00a0and\tmore',
].join('\n');
const NOTEBOOK = {
  cells: [
    { cell_type: 'markdown', metadata: {}, source: ['# Whales'] },
    {
      ...{ cell_type: 'code', execution_count: null, metadata: {}, outputs: [] },
      source: ['hello = world\n', 'second = line'],
    },
  ],
  ...{ metadata: {}, nbformat: 4, nbformat_minor: 5 },
};

/** The ids that the command line gives. */
function idsOf(input: string): number[] {
  const args = [CLI, 'tokenizer', 'encode', '--tokenizer', 'cl100k_base'];
  const output = execFileSync(process.execPath, args, { input, encoding: 'utf8' });
  return (output.match(/\d+/g) ?? []).map(Number);
}

const tokens = (text: string): string => `${idsOf(text).length} tokens`;

let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'strange.txt': STRANGE,
      'windows.txt': 'one line\r\nand another\r\n\r\nlast\r\n',
      'empty.txt': '',
      'cells.ipynb': JSON.stringify(NOTEBOOK),
    },
    settings: {
      'glassbox.tokens.tokenizer': 'cl100k_base',
      'editor.quickSuggestions': 'off',
      'editor.unicodeHighlight.invisibleCharacters': false,
      'diffEditor.renderSideBySide': true,
      'diffEditor.useInlineViewWhenSpaceIsLimited': false,
    },
  });
});

/** The painted stretches that the editors show. */
const painted = (within = '') =>
  code.page
    .locator(`${within} .view-overlays .cdr[class*="TextEditorDecorationType"]`)
    .filter({ visible: true });

async function showTokens(): Promise<void> {
  await code.command('Glassbox: Show Tokens');
  await painted().first().waitFor();
}

/** Points into the first line that has the text, until the hover says what it shall. */
async function hover(text: string, says: string, within = '.editor-instance'): Promise<string> {
  const { page } = code;
  const shown = page.locator('.monaco-hover .hover-row', { hasText: says }).first();
  const line = page.locator(`${within} .view-line`, { hasText: text }).first();
  await line.waitFor();
  let nudge = 0;
  await expect
    .poll(
      async () => {
        if (await shown.isVisible()) return true;
        const box = await line.boundingBox();
        nudge = (nudge + 1) % 4;
        if (box) await page.mouse.move(box.x + 3 + nudge, box.y + box.height / 2);
        return false;
      },
      { ...WAIT, interval: 700 },
    )
    .toBe(true);
  const words = await shown.innerText();
  // Elsewhere, so that the next hover is another one.
  await page.mouse.move(5, 5);
  await shown.waitFor({ state: 'hidden' });
  return words;
}

const says = (id: number | undefined): string => `Id ${String(id)}`;

it('in a text that was never saved', async () => {
  await code.command('File: New Untitled Text File');
  await code.page.keyboard.type('antidisestablishmentarianism and whales');
  await showTokens();
  const text = 'antidisestablishmentarianism and whales';
  await expect.poll(() => code.statusBarText(), WAIT).toContain(tokens(text));
  await hover('antidis', says(idsOf(text)[0]));
  await code.page.keyboard.press('ControlOrMeta+A');
  await code.page.keyboard.press('Backspace');
  await expect.poll(() => code.statusBarText(), WAIT).toContain('0 tokens');
});

it('in signs of all kinds', async () => {
  await code.openFile('strange.txt');
  await showTokens();
  await expect.poll(() => code.statusBarText(), WAIT).toContain(tokens(STRANGE));
  const whale = await hover('🐋', says(idsOf('🐋')[0]));
  expect(whale).toMatch(/F0 9F/);
  await hover('👩', says(idsOf('👩‍🚀')[0]));
  await hover('鯨', says(idsOf('鯨')[0]));
  await hover('مرحبا', says(idsOf('مرحبا')[0]));
  await hover('tude', says(idsOf('e\u0301tude')[0]));
  await hover('zero', says(idsOf('zero')[0]));
  await code.inThemes('documents-strange', () => painted().first().waitFor());
});

it('in a text with carriage returns', async () => {
  await code.openFile('windows.txt');
  await showTokens();
  const text = 'one line\r\nand another\r\n\r\nlast\r\n';
  await expect.poll(() => code.statusBarText(), WAIT).toContain(tokens(text));
  await hover('last', says(idsOf('last')[0]));
  await hover('and another', says(idsOf('and')[0]));
  // The same text with other ends of lines is cut otherwise.
  await code.command('Change End of Line Sequence');
  await code.pick(/^LF/);
  await expect
    .poll(() => code.statusBarText(), WAIT)
    .toContain(tokens(text.replaceAll('\r\n', '\n')));
  await hover('last', says(idsOf('last')[0]));
});

it('in a file with nothing in it, and in its first word', async () => {
  await code.openFile('empty.txt');
  await code.command('Glassbox: Show Tokens');
  await expect.poll(() => code.statusBarText(), WAIT).toContain('0 tokens');
  await code.screenshot('documents-empty');
  await code.page.locator('.editor-instance .view-lines').click();
  await code.page.keyboard.type('hello');
  await hover('hello', says(15339));
});

it('in the cell of a notebook', async () => {
  const { page } = code;
  await code.command('View: Close All Editors');
  await code.openFile('cells.ipynb');
  const cell = '.notebook-editor .cell-list-container .code';
  await page.locator(`${cell} .view-line`, { hasText: 'hello' }).first().click();
  await code.command('Glassbox: Show Tokens');
  await painted('.notebook-editor').first().waitFor();
  await hover('hello', says(15339), '.notebook-editor');
  await expect
    .poll(() => code.statusBarText(), WAIT)
    .toContain(tokens('hello = world\nsecond = line'));
  await code.screenshot('documents-notebook');
  expect(code.log()).not.toMatch(/\[(warning|error)\]/);
});
