// Datasets of conversations in the editor: what is wrong with them, and how a model sees them.
import { beforeAll, describe, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code } from './harness/vscode';

const COLOURS = ['red', 'blue', 'green', 'yellow', 'black', 'white', 'grey', 'brown'];
const talk = (colour: string): object => ({
  messages: [
    { role: 'user', content: `What is ${colour}?` },
    { role: 'assistant', content: `The apple is ${colour}.` },
  ],
});
const TALKS = COLOURS.map((colour) => JSON.stringify(talk(colour))).join('\n');
const FLAWED = [
  JSON.stringify(talk('red')),
  '{"messages": [{"role": "user"',
  JSON.stringify({
    messages: [
      { role: 'user', content: 'Say <|im_end|>' },
      { role: 'user', content: '' },
      { role: 'assistant', content: 'No.' },
    ],
  }),
  JSON.stringify({ messages: [{ role: 'user', content: 'Who answers?' }] }),
].join('\n');

/** A conversation that is too long for a screen, and one that is too long to be shown. */
const LONG = [300, 30_000]
  .map((lines) => ({
    messages: [
      { role: 'user', content: 'What is the sea?' },
      { role: 'assistant', content: `${'Blue, and wide.\n'.repeat(lines)}That is all.` },
    ],
  }))
  .map((record) => JSON.stringify(record))
  .join('\n');

let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'data/talks.jsonl': TALKS,
      'data/flawed.jsonl': FLAWED,
      'data/long.jsonl': LONG,
      'data/texts.jsonl': '{"text": "Once"}\n{"text":',
    },
    open: ['data/flawed.jsonl'],
  });
});

describe('a dataset', () => {
  it('says what is wrong with it, and where', async () => {
    await code.command('Problems: Focus on Problems View');
    const problems = code.page.locator('.markers-panel');
    for (const message of [
      /not JSON/,
      /holds <\|im_end\|>/,
      /is empty/,
      /same role/,
      /nothing to learn/,
    ])
      await problems.getByText(message).first().waitFor();
    await code.page.locator('.squiggly-error').first().waitFor();
    await code.screenshot('datasets-1-problems');
    await code.command('View: Toggle Panel Visibility');
  });

  it('of texts is none', async () => {
    await code.openFile('texts.jsonl');
    await code.page.locator('.view-line', { hasText: 'Once' }).waitFor();
    expect(await code.offers('Glassbox: Show as the Model Sees It')).toBe(false);
  });

  it('is shown as the model sees it, by the record at the cursor', async () => {
    await code.openFile('talks.jsonl');
    await code.page.locator('.view-line', { hasText: 'brown' }).first().waitFor();
    await code.command('Glassbox: Show as the Model Sees It');
    const seen = code.page.locator('.editor-group-container').nth(1);
    await seen.getByText('only seen').waitFor();
    await seen.locator('.view-line', { hasText: 'red' }).first().waitFor();
    await seen.locator('.codelens-decoration', { hasText: 'learnt (' }).waitFor();
    await code.inThemes('datasets-2-lens');
    await code.until(seen.locator('.view-line', { hasText: 'blue' }).first(), async () => {
      await code.page
        .locator('.editor-group-container')
        .first()
        .locator('.view-line')
        .nth(1)
        .click();
    });
    await seen.locator('.codelens-decoration', { hasText: 'line 2' }).waitFor();
    await code.page.keyboard.press('ControlOrMeta+End');
    await seen.locator('.view-line', { hasText: 'brown' }).first().waitFor();
  });

  it('that is long is painted where it is seen, and beyond a bound not shown', async () => {
    await code.openFile('long.jsonl');
    await code.command('Glassbox: Show as the Model Sees It');
    const seen = code.page.locator('.editor-group-container').nth(1);
    const line = (text: string) => seen.locator('.view-line', { hasText: text }).first();
    const painted = (text: string) => line(text).locator('[class*="ced-"]').first();
    await painted('What is the sea?').waitFor();
    await code.until(painted('That is all.'), async () => {
      await line('wide').click();
      await code.page.keyboard.press('ControlOrMeta+End');
    });
    await code.screenshot('datasets-3-long');
    await code.page.locator('.editor-group-container').first().locator('.view-line').nth(1).click();
    await line('This conversation has 510k characters').waitFor();
  });
});
