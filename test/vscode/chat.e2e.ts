// Talking to a model that this test trains.
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainTalker } from './harness/talker';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

const TRANSCRIPT = `<|im_start|>user
What is **red**?<|im_end|>
<|im_start|>assistant
The apple is red.<|im_end|>
<|im_start|>user
What is blue?<|im_end|>
`;

let code: Code;
let chat: FrameLocator;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'talk.chatml': TRANSCRIPT,
      'notes.txt': 'Q: What is red?\nA: The',
      ...trainTalker(),
    },
  });
  await code.command('Glassbox: Open Chat');
  chat = await code.webview('Chat');
});

const composer = () => chat.locator('#composer textarea');
const finished = () =>
  chat.locator('.turn').last().getByRole('button', { name: 'Write Again' }).waitFor();

async function useModel(name: string): Promise<void> {
  await chat.getByTitle('Choose the model').click();
  await code.pick(name);
  await chat.locator('.chooser', { hasText: name }).waitFor();
}

describe('the chat', () => {
  it('streams an answer whose tokens can be looked into', async () => {
    await useModel('talker');
    await composer().fill('What is red?');
    await composer().press('Enter');
    await finished();
    expect(await composer().inputValue()).toBe('');
    await expect.poll(() => chat.locator('.token').count()).toBeGreaterThan(1);
    await chat.getByRole('meter').waitFor();
    // One that can be seen: a line break is a token too.
    await chat.locator('.token', { hasText: /\S/ }).nth(1).click();
    await chat.getByRole('dialog').getByText('Surprise').waitFor();
    await expect.poll(() => chat.locator('.alternative').count()).toBeGreaterThanOrEqual(8);
    await code.inThemes('chat-alternatives');
  });

  it('goes on from another token and walks back', async () => {
    const answer = chat.locator('.tokens');
    const before = await answer.locator('.token').allInnerTexts();
    await chat
      .getByRole('button', { name: /^Go on with/ })
      .first()
      .click();
    await answer.getByText('2/2').waitFor();
    await finished();
    await chat.getByRole('button', { name: 'Colour tokens by probability' }).click();
    await chat.locator('.legend').waitFor();
    await code.screenshot('chat-branches');
    await answer.getByRole('button', { name: 'Version before' }).click();
    await answer.getByText('1/2').waitFor();
    await expect.poll(() => answer.locator('.token').allInnerTexts()).toEqual(before);
  });

  it('is as it was after another view was shown in its place', async () => {
    const said = await chat.locator('.token').allInnerTexts();
    for (let time = 0; time < 2; time++) {
      await code.showTrees();
      await chat.locator('#composer').waitFor({ state: 'hidden' });
      await code.command('Glassbox: Open Chat');
      chat = await code.webview('Chat');
      await expect.poll(() => chat.locator('.token').allInnerTexts()).toEqual(said);
    }
  });

  it('is used by keyboard alone', async () => {
    await chat.locator('.tokens').focus();
    await code.page.keyboard.press('ArrowRight');
    await code.page.keyboard.press('Enter');
    await chat.getByRole('dialog').waitFor();
    await code.page.keyboard.press('Escape');
    await chat.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => chat.locator('.token:focus').count()).toBe(1);
  });

  it('edits a question; what was typed and said is there after a reload', async () => {
    await composer().fill('What of the sky?');
    await chat.getByRole('button', { name: 'Edit' }).click();
    await chat.locator('.editor textarea').fill('What is blue?');
    await chat.locator('.editor textarea').press('Enter');
    await chat.locator('.said', { hasText: 'What is blue?' }).waitFor();
    await finished();
    const answer = await chat.locator('.tokens').innerText();
    await code.reload();
    await code.command('Glassbox: Open Chat');
    chat = await code.webview('Chat');
    await finished();
    await expect.poll(() => chat.locator('.tokens').innerText()).toBe(answer);
    await expect.poll(() => composer().inputValue()).toBe('What of the sky?');
  });

  it('tells what went wrong in its place, and tries again', async () => {
    const weights = code.path('models', 'talker', 'model.safetensors');
    const good = readFileSync(weights);
    await code.command('Glassbox: Restart Engine');
    writeFileSync(weights, good.subarray(0, 1000));
    await composer().press('Enter');
    await chat.getByRole('alert').waitFor();
    await code.screenshot('chat-problem');
    expect(await code.notifications()).toEqual([]);
    writeFileSync(weights, good);
    await chat.getByRole('button', { name: 'Retry' }).click();
    await chat.getByRole('alert').waitFor({ state: 'detached' });
    await finished();
  });

  it('continues text with a model that was never taught to chat', async () => {
    await useModel('writer');
    await chat.getByText('never taught to chat').waitFor();
    await composer().fill('Q: What is green?');
    await composer().press('Enter');
    await finished();
    await code.screenshot('chat-text');
  });

  it('reads a transcript and answers it', async () => {
    await code.openFile('talk.chatml');
    await code.page.locator('.view-line', { hasText: 'im_start' }).first().waitFor();
    await code.command('Glassbox: Continue This Conversation with...');
    await code.pick('talker');
    await chat.locator('.said', { hasText: 'What is blue?' }).waitFor();
    await expect.poll(() => chat.locator('.turn').count()).toBe(4);
    await finished();
    await code.screenshot('chat-transcript');
  });
});

describe('continuing text at the cursor', () => {
  it('shows ghost text that Tab accepts', async () => {
    await code.openFile('notes.txt');
    await code.page.keyboard.press('ControlOrMeta+End');
    await code.command('Glassbox: Continue Text at Cursor');
    await code.pick('writer');
    await code.page.locator('.ghost-text-decoration, .ghost-text').first().waitFor();
    await code.screenshot('continue-ghost');
    await expect.poll(() => code.statusBarText()).not.toContain('continues the text');
    await code.page.keyboard.press('Tab');
    await code.page.keyboard.press('ControlOrMeta+S');
    // However little it is that the model says.
    await expect.poll(() => code.read('notes.txt')).toMatch(/^Q: What is red\?\nA: The./);
  });
});

describe('the walkthrough', () => {
  it('has ticked what was done, and ticks what is done beside it', async () => {
    const { page } = code;
    const ticked = async (): Promise<string[]> => {
      const steps = await page.locator('[data-done-step-id].complete').all();
      const ids = await Promise.all(steps.map((step) => step.getAttribute('data-done-step-id')));
      return [...new Set(ids.map((id) => id?.split('#').at(-1) ?? ''))].sort();
    };
    await code.command('Glassbox: Open Walkthrough');
    await page.locator('.getting-started-step.expanded').first().waitFor();
    await expect.poll(ticked).toEqual(['chat', 'sample']);
    await code.screenshot('walkthrough-1-ticked');

    await code.command('View: Split Editor Right');
    await code.command('Glassbox: Open Tokenizer Explorer');
    const explorer = await code.webview('Tokenizer Explorer');
    await explorer.getByRole('tab', { name: 'Train BPE' }).click();
    await explorer.locator('.pairs').waitFor();
    await expect.poll(ticked).toEqual(['chat', 'sample', 'tokenizer']);
    await code.openFile('notes.txt');
    await code.command('Glassbox: Show Tokens');
    await expect.poll(ticked).toEqual(['chat', 'sample', 'tokenize', 'tokenizer']);
    await code.screenshot('walkthrough-2-ticked');
  });
});
