// Fine-tuning from the palette and from a recipe, and talking with what became of it.
import { beforeAll, describe, expect, it } from 'vitest';
import { trainTalker } from './harness/talker';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

/** What is trained here may take longer than a look. */
const LONG = { timeout: 120_000 };

const COLOURS = ['red', 'blue', 'green', 'yellow', 'black', 'white', 'grey', 'brown'];
const talk = (colour: string): object => ({
  messages: [
    { role: 'user', content: `What is ${colour}?` },
    { role: 'assistant', content: `The apple is ${colour}.` },
  ],
});
const TALKS = COLOURS.map((colour) => JSON.stringify(talk(colour))).join('\n');
/** What is asked, one after the other. */
const MODEL = 'Which model shall learn to answer?';
const DATA = 'Which conversations shall it learn from?';
const METHOD = 'What shall be trained?';
const STEPS = 'How many steps?';
const NAME = /called\?/;
let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'data/talks.jsonl': TALKS,
      ...trainTalker(),
    },
    settings: { 'glassbox.chat.temperature': 0, 'glassbox.chat.maxTokens': 24 },
  });
});

describe('fine-tuning', () => {
  let dashboard: FrameLocator;

  it('asks for a model, conversations, a method, steps and a name', async () => {
    await code.command('Glassbox: Fine-Tune Model...');
    await code.pick('writer', MODEL);
    await code.page.getByPlaceholder(DATA).waitFor();
    await code.page.getByText('data/talks.jsonl').first().waitFor();
    await code.screenshot('fineTune-1-datasets');
    await code.pick('talks.jsonl', DATA);
    await code.page.getByText('steps take about').nth(1).waitFor();
    await code.screenshot('fineTune-2-method');
    await code.pick('All Weights', METHOD);
    await code.answer('40', STEPS);
    await code.answer('answers', NAME);
    dashboard = await code.webview('answers');
    await dashboard.getByText('Finished').first().waitFor(LONG);
  });

  it('shows conversations on the way', async () => {
    await dashboard.locator('.talk .asked').first().waitFor();
    await expect
      .poll(() => dashboard.locator('.talk .asked').first().innerText())
      .toContain('What is');
    await dashboard.locator('.talk').first().scrollIntoViewIfNeeded();
    await code.inThemes('fineTune-3-samples');
  });

  it('makes a model that is talked to by its template', async () => {
    await dashboard.getByRole('button', { name: 'Chat' }).first().click();
    const chat = await code.webview('Chat');
    await chat.locator('.chooser', { hasText: 'answers' }).waitFor();
    await chat.locator('#composer textarea').fill('What is green?');
    await chat.locator('#composer textarea').press('Enter');
    await chat.locator('.turn').last().getByRole('button', { name: 'Write Again' }).waitFor();
    await expect.poll(() => chat.locator('.tokens').last().innerText()).toContain('is');
    await code.screenshot('fineTune-4-chat');
  });

  it('is written down as a recipe, from which runs start', async () => {
    await code.command('Glassbox: New Recipe...');
    await code.pick('A Fine-Tuning');
    await code.pick('talker', MODEL);
    await code.pick('talks.jsonl', DATA);
    await code.pick('Adapters (LoRA)', METHOD);
    await code.answer('2', STEPS);
    await code.answer('tuned', NAME);
    await code.page.getByRole('tab', { name: /tuned\.recipe\.json/ }).waitFor();
    const recipe = code.read('tuned.recipe.json');
    for (const part of ['"conversations"', '"data/talks.jsonl"', '"models/talker"', '"rank": 8'])
      expect(recipe).toContain(part);
    await code.page.getByText('Start Run', { exact: true }).first().click();
    const tuned = await code.webview('tuned');
    await tuned.getByText('Finished').first().waitFor(LONG);
  });
});
