/** The labelling desk: guidelines, a queue, answers written and drafted, judged, counted and exported. */
import { existsSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { trainTalker } from './harness/talker';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

const FILE = 'labels/answers.labels.jsonl';
const PROMPTS = ['What is red?', 'What is blue?', 'What of the sun?']
  .map((content) => JSON.stringify({ messages: [{ role: 'user', content }] }))
  .join('\n');

let code: Code;
let desk: FrameLocator;

beforeAll(async () => {
  code = await openWorkspace({
    files: { 'prompts.jsonl': PROMPTS, ...trainTalker() },
    viewport: { width: 1400, height: 900 },
    settings: { 'glassbox.chat.temperature': 0 },
  });
});

const answer = () => desk.getByRole('textbox', { name: 'Answer', exact: true });
const row = (text: string) => desk.locator('.queue-list li', { hasText: text });
const saved = () => desk.getByText('Saved', { exact: true });
const lines = (): string[] => code.read(FILE).split('\n').slice(0, -1);

it('begins with a name, guidelines and prompts', async () => {
  await code.command('Glassbox: Open Labelling Desk');
  await code.answer('answers', /What shall the labels be called/);
  desk = await code.webview();
  await desk.getByText('Who labels?').first().waitFor();
  await code.inThemes('labelling-1-new');
  expect(code.read('labels/.gitattributes')).toContain('merge=union');
  await desk.getByRole('button', { name: 'Give a Name...' }).click();
  await code.answer('anna', /stands in each label/);
  await desk.getByText('Nothing to label yet').waitFor();
  await desk.getByRole('button', { name: 'Write Guidelines to Begin with' }).click();
  await desk.getByRole('heading', { name: 'Truthful' }).waitFor();
  await code.screenshot('labelling-2-empty');
});

it('imports prompts, and takes one that is written', async () => {
  await desk.getByRole('button', { name: /^Import or Generate/ }).click();
  await code.pick('Import a Dataset');
  await code.answer(code.path('prompts.jsonl'));
  await row('What is red?').waitFor();
  await desk.locator('.work').click({ position: { x: 5, y: 5 } });
  await code.page.keyboard.press('n');
  await desk.getByRole('textbox', { name: 'What the user asks' }).fill('Who are you?');
  await code.page.keyboard.press('ControlOrMeta+Enter');
  await row('Who are you?').locator('.status').waitFor();
  await desk.locator('.queue-list .chosen', { hasText: 'Who are you?' }).waitFor();
  expect(lines()).toHaveLength(4);
});

it('keeps an answer as it is written, and finishes it', async () => {
  await row('What is red?').getByRole('button').click();
  await desk.locator('.turn.user', { hasText: 'What is red?' }).waitFor();
  await answer().fill('The apple is red.');
  await saved().waitFor();
  expect(lines()).toHaveLength(4);
  await desk.getByRole('button', { name: 'Truthful' }).click();
  await answer().press('ControlOrMeta+Enter');
  await row('What is red?').locator('.status.done').waitFor();
  const written = lines().map((line): unknown => JSON.parse(line));
  expect(written).toContainEqual(expect.objectContaining({ kind: 'guidelines' }));
  expect(written.at(-1)).toMatchObject({
    ...{ kind: 'label', by: 'anna', status: 'done', cites: ['truthful'] },
  });
  await desk.locator('.queue-list .chosen', { hasText: 'What is blue?' }).waitFor();
});

it('exports what is finished', async () => {
  await desk.getByRole('button', { name: /^Export/ }).click();
  await code.pick('Conversations');
  await code.answer(code.path('train.jsonl'));
  await expect.poll(() => existsSync(code.path('train.jsonl'))).toBe(true);
  expect(JSON.parse(code.read('train.jsonl'))).toMatchObject({
    messages: [
      { role: 'user', content: 'What is red?' },
      { role: 'assistant', content: 'The apple is red.' },
    ],
  });
});
