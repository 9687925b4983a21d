import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const LINE = 'hello world, how tokens are cut: naïve 🐋 x = foo(bar);\n';

/** The ids that the command line gives. */
function idsOf(tokenizer: string, input: string): number[] {
  const args = [CLI, 'tokenizer', 'encode', '--tokenizer', tokenizer];
  const output = execFileSync(process.execPath, args, { input, encoding: 'utf8' });
  return (output.match(/\d+/g) ?? []).map(Number);
}

const countText = (tokenizer: string, text: string): string =>
  `${idsOf(tokenizer, text).length.toLocaleString('en')} tokens`;

/** The painted stretches that the editors show. */
const painted = ({ page }: Code) =>
  page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]').filter({ visible: true });

async function showTokens(code: Code): Promise<void> {
  await code.command('Glassbox: Show Tokens');
  await painted(code).first().waitFor();
}

/** Points at the first line that has the word, at its beginning, until the hover shows. */
async function hoverOver({ page }: Code, word: string): Promise<string> {
  const hover = page.locator('.monaco-hover .hover-row', { hasText: 'Id' }).first();
  const box = await page.locator('.view-line', { hasText: word }).first().boundingBox();
  if (!box) throw new Error(`No line shows ${word}.`);
  let nudge = 0;
  await expect
    .poll(
      async () => {
        if (await hover.isVisible()) return true;
        nudge = (nudge + 1) % 8;
        await page.mouse.move(box.x + 8 + nudge, box.y + 8);
        return false;
      },
      { interval: 1000, timeout: 60_000 },
    )
    .toBe(true);
  return hover.innerText();
}

describe('tokens in an editor', () => {
  let code: Code;
  const typed = 'antidisestablishmentarianism ';

  beforeAll(async () => {
    code = await openWorkspace({
      files: {
        'hello.txt': LINE.repeat(40),
        'windows.txt': 'one line\r\nand another\r\n',
      },
      open: ['hello.txt'],
      settings: { 'glassbox.tokens.tokenizer': 'cl100k_base', 'editor.quickSuggestions': 'off' },
    });
    await showTokens(code);
  });

  it('are painted, counted, and explained by the hover', async () => {
    expect(idsOf('cl100k_base', 'hello')).toEqual([15339]);
    await expect
      .poll(() => code.statusBarText())
      .toContain(countText('cl100k_base', LINE.repeat(40)));
    const hover = await hoverOver(code, 'hello');
    expect(hover).toContain('15339');
    expect(hover).toContain('68 65 6C 6C 6F');
    expect(hover).toMatch(/o200k_base/);
    expect(hover).toContain(String(idsOf('gpt2', 'hello')[0]));
    await code.screenshot('tokens-hover');
    await code.inThemes('tokens-overlay', () => painted(code).first().waitFor());
  });

  it('follow what is typed', async () => {
    await code.page.locator('.view-line').first().click();
    await code.page.keyboard.press('ControlOrMeta+Home');
    await code.page.keyboard.type(typed);
    const text = `${typed}${LINE.repeat(40)}`;
    await expect.poll(() => code.statusBarText()).toContain(countText('cl100k_base', text));
  });

  it('are cut by the tokenizer that is chosen', async () => {
    await code.command('Glassbox: Choose Tokenizer...');
    await code.pick('o200k_base');
    const text = `${typed}${LINE.repeat(40)}`;
    await expect.poll(() => code.statusBarText()).toContain(countText('o200k_base', text));
    expect(code.read('.vscode', 'settings.json')).toContain('o200k_base');
  });

  it('come back with the window, and go when they are hidden', async () => {
    await code.reload();
    await painted(code).first().waitFor();
    await code.command('Glassbox: Hide Tokens');
    await expect.poll(() => painted(code).count()).toBe(0);
  });

  it('come back with an engine that died', async () => {
    await showTokens(code);
    const engine = await code.engineProcess();
    if (!engine) throw new Error('No engine runs.');
    process.kill(engine.pid, 'SIGKILL');
    await expect.poll(async () => (await code.engineProcess())?.pid).not.toBe(engine.pid);
    await code.page.keyboard.press('ControlOrMeta+Home');
    await code.page.keyboard.type('x');
    const text = `x${typed}${LINE.repeat(40)}`;
    await expect.poll(() => code.statusBarText()).toContain(countText('o200k_base', text));
  });

  it('are shown in a file with carriage returns, an untitled one, and a comparison', async () => {
    await code.openFile('windows.txt');
    await showTokens(code);
    const count = countText('o200k_base', 'one line\r\nand another\r\n');
    await expect.poll(() => code.statusBarText()).toContain(count);
    await code.page.locator('.view-line').first().click();
    await code.command('File: Compare Active File with Clipboard');
    await code.page.getByRole('tab', { name: /^Clipboard/ }).waitFor();
    await painted(code).first().waitFor();
    await code.screenshot('tokens-diff');
    await code.command('File: New Untitled Text File');
    await code.page.keyboard.type('untitled words');
    await code.command('Glassbox: Show Tokens');
    const untitled = countText('o200k_base', 'untitled words');
    await expect.poll(() => code.statusBarText()).toContain(untitled);
  });
});

it('shows tokens with built-in tokenizers in a folder that is not trusted', async () => {
  const code = await openWorkspace({
    files: {
      'hello.txt': LINE,
      '.vscode/settings.json': '{"glassbox.tokens.tokenizer": "evil/tokenizer.json"}',
    },
    trust: false,
  });
  await code.openFile('hello.txt');
  await showTokens(code);
  await expect.poll(() => code.statusBarText()).toContain(countText('gpt2', LINE));
  await code.close();
});

it('paints a text of 5 MB at every place, and right while typing in it', async () => {
  const line = LINE.trimEnd();
  const text = Array.from({ length: 100_000 }, (_, number) => `${number} ${line}\n`).join('');
  const code = await openWorkspace({
    files: { 'big.txt': text },
    open: ['big.txt'],
    settings: { 'glassbox.tokens.tokenizer': 'cl100k_base', 'editor.quickSuggestions': 'off' },
  });
  const { page } = code;
  await showTokens(code);
  const count = async (): Promise<string | undefined> =>
    /[\d,]{9} tokens/.exec(await code.statusBarText())?.[0];
  await expect.poll(count, { timeout: 90_000 }).toBeDefined();
  const before = await count();
  await page.keyboard.press('ControlOrMeta+G');
  await page.locator('.quick-input-widget input.input').fill(':90000');
  await page.keyboard.press('Enter');
  await page.locator('.line-numbers', { hasText: /^90000$/ }).waitFor();
  await painted(code).first().waitFor();
  await page.keyboard.type('antidisestablishmentarianism ');
  await expect.poll(count, { timeout: 30_000 }).not.toBe(before);
  await painted(code).first().waitFor();
  await code.screenshot('tokens-5mb');
  expect(code.log()).not.toMatch(/\[(warning|error)\]/);
  await code.close();
});

describe('the tokenizer explorer', () => {
  it('cuts a text, replays its training, browses a vocabulary, and comes back', async () => {
    const code = await openWorkspace({ settings: { 'glassbox.tokens.tokenizer': 'cl100k_base' } });
    await code.command('Glassbox: Open Tokenizer Explorer');
    const page = () => code.webview('Tokenizer Explorer');
    let explorer = await page();
    await explorer.getByRole('textbox', { name: 'Text' }).fill('hello hello hello');
    await explorer.getByText('15339').first().waitFor();
    // By keyboard: the first token, the next, and what it is made of.
    await explorer.getByRole('option').first().focus();
    await code.page.keyboard.press('ArrowRight');
    await explorer.locator('.details', { hasText: '20 68 65 6C 6C 6F' }).waitFor();
    await code.inThemes('tokenizer-explorer');

    await explorer.getByRole('tab', { name: 'Train BPE' }).click();
    await explorer.locator('.pairs').waitFor();
    await explorer.getByRole('slider').press('ArrowRight');
    await explorer.getByText(/^1 of \d+ merges$/).waitFor();
    await code.screenshot('tokenizer-explorer-merges');

    await explorer.getByRole('tab', { name: 'Vocabulary' }).click();
    await explorer.getByRole('textbox', { name: 'Search' }).fill('15339');
    await explorer.getByRole('cell', { name: '15339', exact: true }).waitFor();
    await code.screenshot('tokenizer-explorer-vocabulary');

    await code.reload();
    explorer = await page();
    await explorer.getByRole('cell', { name: '15339', exact: true }).waitFor();
    await code.close();
  });
});
