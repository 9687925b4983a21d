/**
 * Everything by keyboard alone: from the palette to a run, its charts and its end, a conversation and
 * what is behind a token; at each stop of the Tab key one sees where the focus is. And conversations
 * as files: folding, saving.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

const CLI = path.resolve('dist', 'cli.js');
const WAIT = { timeout: 100_000, interval: 250 };
const TEXT = Array.from({ length: 600 }, (_, line) => `Line ${line}: the whale is ${line * 7}.\n`);
const TEMPLATE = '{% for message in messages %}{{ message.content }}{% endfor %}';
const TRANSCRIPT = `<|im_start|>system
Be brief.
Be kind.<|im_end|>
<|im_start|>user
What is a whale?<|im_end|>
<|im_start|>assistant
It swims.

It sings.<|im_end|>
`;

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-keyboard-'));
let code: Code;

/** A model that has hardly learned anything, is slow, and has room to go on: it can be stopped. */
function trainModel(): Record<string, Uint8Array> {
  writeFileSync(path.join(folder, 'whales.txt'), TEXT.join(''));
  const recipe = path.join(folder, 'talker.recipe.json');
  const model = { layers: 8, heads: 4, width: 256, context: 1024 };
  const train = { steps: 2, batch: 1, sampleEvery: 0 };
  const roomy = (config: Buffer): Buffer =>
    Buffer.from(config.toString().replace(/("max_position_embeddings": )1024/, '$116384'));
  const data = { paths: ['whales.txt'] };
  writeFileSync(recipe, JSON.stringify({ data, tokenizer: { kind: 'byte' }, model, train }));
  const out = path.join(folder, 'run');
  execFileSync(process.execPath, [CLI, 'train', '--recipe', recipe, '--out', out], {
    stdio: 'ignore',
  });
  const checkpoint = path.join(out, 'checkpoints', 'step-000002');
  return Object.fromEntries(
    readdirSync(checkpoint)
      .filter((name) => name !== 'optimizer.safetensors' && name !== 'training.json')
      .map((name) => [name, readFileSync(path.join(checkpoint, name))] as const)
      .map(([name, data]) => [
        `models/talker/${name}`,
        name === 'config.json' ? roomy(data) : data,
      ]),
  );
}

beforeAll(async () => {
  const files = {
    ...trainModel(),
    'models/talker/chat_template.jinja': TEMPLATE,
    'whales.txt': TEXT.join(''),
    'talk.chatml': TRANSCRIPT,
  };
  const settings = { 'glassbox.chat.maxTokens': 16_000 };
  code = await openWorkspace({ files, settings });
  code.page.setDefaultTimeout(60_000);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const press = (...keys: readonly string[]): Promise<void> =>
  keys.reduce((before, key) => before.then(() => code.page.keyboard.press(key)), Promise.resolve());
const write = (text: string): Promise<void> => code.page.keyboard.type(text);

/** Chooses what VS Code lists first for the text, in the palette and in its lists. */
async function choose(text: string, label: string | RegExp = text): Promise<void> {
  await code.page.locator('.quick-input-widget input.input:focus').waitFor();
  await write(text);
  await code.page
    .locator('.quick-input-list .monaco-list-row.focused', { hasText: label })
    .waitFor();
  await press('Enter');
}

/** VS Code may swallow a key, or close the palette again, while it is opening something: then once more. */
async function palette(title: string): Promise<void> {
  const widget = code.page.locator('.quick-input-widget');
  const found = widget.locator('.monaco-list-row.focused', { hasText: title });
  await expect
    .poll(async () => {
      if (await widget.isVisible()) await press('Escape');
      await press('F1');
      try {
        await widget.locator('input.input:focus').waitFor({ timeout: 5000 });
        await write(title);
        await found.waitFor({ timeout: 5000 });
        return true;
      } catch {
        return false;
      }
    })
    .toBe(true);
  await press('Enter');
}

async function answer(question: string | RegExp, text: string): Promise<void> {
  await code.page.getByText(question).first().waitFor();
  await press('ControlOrMeta+A');
  await write(text);
  await press('Enter');
}

const focusSchema = z.object({ label: z.string(), shown: z.boolean() });
/** In the page: what has the focus, and whether a line in the theme's colour of the focus says so. */
const FOCUS = `(body) => {
  const probe = document.createElement('span');
  probe.style.color = 'var(--vscode-focusBorder)';
  body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  const chain = [];
  for (let at = document.activeElement; at; at = at.shadowRoot?.activeElement) chain.push(at);
  const parts = chain.flatMap((each) => [each, ...(each.shadowRoot?.querySelectorAll('*') ?? [])]);
  const shown = parts.some((part) => {
    const style = getComputedStyle(part);
    const line = (name) =>
      style[name + 'Style'] !== 'none' &&
      parseFloat(style[name + 'Width']) > 0 &&
      style[name + 'Color'] === color;
    return line('outline') || line('borderTop') || style.boxShadow.includes(color);
  });
  const [first] = chain;
  if (!first || first === body) return { label: '', shown: true };
  const label = first.getAttribute('aria-label') || first.innerText || first.tagName;
  return { label: label.trim(), shown };
}`;

const focusIn = async (page: FrameLocator): Promise<z.infer<typeof focusSchema>> =>
  focusSchema.parse(await page.locator('body').evaluate(`(${FOCUS})(document.body)`));

/** Presses Tab (or another key) until the focus is on what is called so, and sees it all the way. */
async function walkTo(page: FrameLocator, wanted: RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let stops = 0; stops < 40; stops++) {
    const { label, shown } = await focusIn(page);
    expect({ label, shown }).toEqual({ label, shown: true });
    if (wanted.test(label)) return;
    passed.push(label);
    await press(key);
  }
  throw new Error(`${String(wanted)} was not reached, but ${passed.join(' | ')}.`);
}

it('goes from the palette to a run, reads its chart and its table, and stops it', async () => {
  const { page } = code;
  await palette('Glassbox: New Training Run...');
  await page.getByText(/whales\.txt, \d/).waitFor();
  await choose("Workspace's Text");
  await page.getByPlaceholder('How large shall the model be?').waitFor();
  await choose('tiny');
  await answer(/How many steps/, '50000');
  await answer('What shall the run be called?', 'keys');
  const dashboard = await code.webview('keys');
  const chart = dashboard.getByRole('slider', { name: /^Loss/ });
  await expect
    .poll(() => chart.getAttribute('aria-valuemax').then(Number), WAIT)
    .toBeGreaterThan(8);

  await walkTo(dashboard, /^Loss: arrow keys/);
  const place = async (): Promise<number> => {
    const text = await chart.getAttribute('aria-valuetext');
    return Number(/^Step ([\d,]+): training \d/.exec(text ?? '')?.[1]?.replaceAll(',', ''));
  };
  await press('Home');
  await expect.poll(place, WAIT).toBe(1);
  // The run goes on meanwhile, and an arrow goes a hundredth of it; the place that was chosen stays.
  const length = (): Promise<number> => chart.getAttribute('aria-valuemax').then(Number);
  const before = await length();
  await expect.poll(length, WAIT).toBeGreaterThan(before);
  expect(await place()).toBe(1);
  await press('ArrowRight');
  await expect.poll(place, WAIT).toBeGreaterThan(1);
  const further = await place();
  await press('ArrowRight');
  await expect.poll(place, WAIT).toBeGreaterThan(further);
  await dashboard.locator('.where', { hasText: `Step ${await place()}` }).waitFor();
  await code.screenshot('keyboard-1-readout');
  await walkTo(dashboard, /^Show as a table/);
  await press('Enter');
  await dashboard.locator('.table tbody tr').nth(3).waitFor();
  await code.screenshot('keyboard-2-table');

  await walkTo(dashboard, /^Stop$/, 'Shift+Tab');
  await code.screenshot('keyboard-3-stop');
  await press('Enter');
  await dashboard.getByText('Stopped', { exact: true }).waitFor();
  // The button is gone; the focus has not gone with it.
  await expect.poll(() => focusIn(dashboard).then(({ label }) => label)).toMatch(/Recipe|Resume/);
  await walkTo(dashboard, /^Chat$/, 'Shift+Tab');
  await press('Enter');
  const chat = await code.webview('Chat');
  await chat.locator('.chooser', { hasText: 'keys' }).waitFor();
});

it('chats: asks, stops the answer, looks into a token and goes on from another', async () => {
  const { page } = code;
  await palette('Glassbox: Chat with Model');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'talker' }).waitFor();
  await choose('talker');
  const chat = await code.webview('Chat');
  await chat.locator('.chooser', { hasText: 'talker' }).waitFor();
  // A list that closes late takes the focus back to where it was: then one asks for the chat again.
  await expect
    .poll(
      async () => {
        const { label } = await focusIn(chat);
        if (label !== 'Ask the model') await palette('Glassbox: Open Chat');
        return label;
      },
      { timeout: 100_000, interval: 5000 },
    )
    .toBe('Ask the model');
  await write('What is a whale?');
  await press('Enter');
  await expect.poll(() => chat.locator('.token').count(), WAIT).toBeGreaterThan(5);
  await walkTo(chat, /^Stop$/);
  await code.screenshot('keyboard-4-stop');
  await press('Enter');
  await chat.getByText('Stopped.').waitFor();
  await expect.poll(() => focusIn(chat).then(({ label }) => label)).toBe('Send');

  await walkTo(chat, /^Answer of talker/, 'Shift+Tab');
  await press('ArrowRight', 'ArrowRight', 'Enter');
  await chat.getByRole('dialog').waitFor();
  await walkTo(chat, /^Go on with|one that was chosen/);
  await press('ArrowDown');
  await code.inThemes('keyboard-5-token', async () => {
    await expect.poll(() => focusIn(chat).then(({ shown }) => shown)).toBe(true);
  });
  await press('Escape');
  await chat.getByRole('dialog').waitFor({ state: 'detached' });
  await press('Enter');
  await chat.getByRole('dialog').waitFor();
  await walkTo(chat, /^Go on with/, 'ArrowDown');
  await press('Enter');
  await chat.locator('.tokens').getByText('2/2').waitFor();
  await expect.poll(() => focusIn(chat).then(({ label }) => label)).toMatch(/^Answer of talker/);
  await walkTo(chat, /^Stop$|^Send$/);
  if ((await focusIn(chat)).label === 'Stop') await press('Enter');
  await chat.getByRole('button', { name: 'Write Again' }).last().waitFor();
});

it('edits a question: the focus goes into the editor and comes back', async () => {
  const chat = await code.webview('Chat');
  await walkTo(chat, /^Edit$/, 'Shift+Tab');
  await press('Enter');
  await chat.locator('.editor').waitFor();
  await expect.poll(() => focusIn(chat).then(({ label }) => label)).toBe('Edit');
  await code.screenshot('keyboard-6-edit');
  await press('Escape');
  await chat.locator('.editor').waitFor({ state: 'detached' });
  await expect.poll(() => focusIn(chat).then(({ label }) => label)).toBe('Ask the model');
});

it('saves the conversation as Markdown and as a transcript', async () => {
  const { page } = code;
  const input = page.locator('.quick-input-widget input.input:focus');
  for (const name of ['saved.md', 'saved.chatml']) {
    await palette('Glassbox: Save Conversation...');
    await expect.poll(() => input.inputValue(), WAIT).toMatch(/What-is-a-whale.*\.chatml$/);
    await press('ControlOrMeta+A');
    await write(code.path(name));
    await code.screenshot(`keyboard-7-${name}`);
    // While it still lists the folder, the dialog takes no answer.
    await expect
      .poll(async () => {
        if (await input.isVisible()) await press('Enter');
        return page.getByRole('tab', { name }).isVisible();
      }, WAIT)
      .toBe(true);
  }
  expect(code.read('saved.md')).toMatch(/^## You\n\nWhat is a whale\?\n\n## talker\n\n/);
  expect(code.read('saved.chatml')).toMatch(
    /^<\|im_start\|>user\nWhat is a whale\?<\|im_end\|>\n<\|im_start\|>assistant\n/,
  );
});

it('folds a transcript by turn, and goes on with it', async () => {
  const { page } = code;
  await code.openFile('talk.chatml');
  const lines = page.locator('.editor-instance .view-line', { hasText: /\S/ });
  await expect.poll(() => lines.count(), WAIT).toBe(8);
  await palette('Fold All');
  await expect.poll(() => lines.count(), WAIT).toBe(3);
  expect(await lines.allInnerTexts()).toEqual([
    expect.stringContaining('system'),
    expect.stringContaining('user'),
    expect.stringContaining('assistant'),
  ]);
  await code.inThemes('keyboard-8-folded');
  await palette('Glassbox: Continue This Conversation with...');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'talker' }).waitFor();
  await choose('talker');
  const chat = await code.webview('Chat');
  await chat.locator('.said', { hasText: 'What is a whale?' }).waitFor();
  await expect.poll(() => chat.locator('.turn').count(), WAIT).toBe(2);
  await code.screenshot('keyboard-9-continued');
});
