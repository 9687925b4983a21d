/** The labelling desk: guidelines, a queue, answers written and drafted, judged, counted and exported. */
import { appendFileSync, existsSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { labelSchema } from '../../src/labels/record';
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
const chosen = (text: string) => desk.locator('.queue-list .chosen', { hasText: text });
const status = (text: string, name: string) => row(text).locator(`.status.${name}`).first();
/** Letters are keys where nobody is writing. */
const leave = () => answer().press('Escape');
/** In VS Code's own dialog, which fills its field again when it has looked at the folder. */
async function chooseFile(name: string): Promise<void> {
  const input = code.page.locator('.quick-input-widget input.input');
  if (!(await input.isVisible())) return;
  // It may close meanwhile, and nothing would be filled for ever.
  await input.fill(code.path(name), { timeout: 3000 });
  await input.press('Enter', { timeout: 3000 });
}
const saved = () => desk.getByText('Saved', { exact: true });
const lines = (): string[] => code.read(FILE).split('\n').slice(0, -1);

it('begins with a name, guidelines and prompts', async () => {
  await code.command('Glassbox: Open Labelling Desk');
  await code.answer('answers', /What shall the labels be called/);
  desk = await code.webview();
  await desk.getByText('Who labels?').first().waitFor();
  await code.screenshot('labelling-1-new');
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
  await code.until(row('What is red?'), () => chooseFile('prompts.jsonl'));
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

it('drafts with a model, and shows what was changed in it', async () => {
  await leave();
  await code.page.keyboard.press('d');
  await desk.getByText('drafted by talker').waitFor();
  await desk.getByRole('button', { name: 'Draft with talker' }).waitFor();
  const draft = await answer().inputValue();
  expect(draft).not.toBe('');
  await answer().fill(`${draft} So it is today.`);
  await desk.locator('ins', { hasText: 'today' }).waitFor();
  await saved().waitFor();
  await code.inThemes('labelling-3-draft');
  await answer().press('ControlOrMeta+Enter');
  await status('What is blue?', 'done').waitFor();
  expect(lines().at(-1)).toContain('"draft":{"by":"talker"');
});

it('asks further, branches off, and skips with a reason, by keys alone', async () => {
  await chosen('What of the sun?').waitFor();
  await leave();
  await code.page.keyboard.press('f');
  await desk.getByPlaceholder('What the user says').fill('Why?');
  await desk.getByPlaceholder('What the user says').press('Escape');
  await code.page.keyboard.press('b');
  await desk.getByText('Branch 2 of 2').waitFor();
  await saved().waitFor();
  await code.page.keyboard.press('?');
  await desk.getByRole('region', { name: 'Keys' }).waitFor();
  await code.screenshot('labelling-4-keys');
  await code.page.keyboard.press('Escape');
  await code.page.keyboard.press('s');
  await desk.getByRole('textbox', { name: 'Another reason' }).fill('too hot');
  await desk.getByRole('textbox', { name: 'Another reason' }).press('Enter');
  await status('What of the sun?', 'skipped').waitFor();
  expect(lines().at(-1)).toContain('"reason":"too hot"');
});

it('exports what is finished', async () => {
  await desk.getByRole('button', { name: /^Export/ }).click();
  await code.pick('Conversations');
  const exported = 'labels/answers.conversations.jsonl';
  const isThere = async (): Promise<boolean> => {
    if (!existsSync(code.path(exported))) await chooseFile(exported).catch(() => undefined);
    return existsSync(code.path(exported));
  };
  await expect.poll(isThere).toBe(true);
  const [first = ''] = code.read(exported).split('\n');
  expect(JSON.parse(first)).toMatchObject({
    messages: [
      { role: 'user', content: 'What is red?' },
      { role: 'assistant', content: 'The apple is red.' },
    ],
  });
});

it('takes a second labeller, and lets answers be compared', async () => {
  await desk.getByRole('button', { name: /^anna/ }).click();
  await code.answer('ben', /stands in each label/);
  await desk.getByRole('button', { name: /^ben/ }).waitFor();
  await row('What is red?').getByRole('button').click();
  await chosen('What is red?').waitFor();
  await answer().fill('Red is the apple.');
  await answer().press('ControlOrMeta+Enter');
  await status('What is red?', 'done').waitFor();
  await row('What is red?').getByRole('button').click();
  await desk.getByText('What anna wrote, against this').click();
  await desk.getByRole('button', { name: /^Compare/ }).click();
  await code.pick('Compare');
  await code.pick('Answers of Several Labellers');
  const compared = desk.locator('.queue-list li', { has: desk.locator('.codicon-arrow-swap') });
  await compared.getByRole('button').click();
  await desk.getByText('As good as each other').waitFor();
  await desk.locator('.candidate').first().click();
  await code.page.keyboard.press('2');
  await desk.locator('.candidate.chosen').waitFor();
  await code.screenshot('labelling-5-compare');
  await code.page.keyboard.press('ControlOrMeta+Enter');
  await compared.locator('.status.done').waitFor();
  expect(lines().at(-1)).toMatch(/"shown":\["\w+","(\w+)"\],"choice":"\1"/);
});

it('takes marks', async () => {
  await desk.getByRole('button', { name: /^Compare/ }).click();
  await code.pick('Rate');
  await code.pick('Answers of Several Labellers');
  const rated = desk.locator('.queue-list li', { has: desk.locator('.codicon-star-empty') });
  await rated.getByRole('button').click();
  await desk.locator('.candidate.focused').first().click();
  await code.page.keyboard.press('4');
  await code.page.keyboard.press('2');
  await desk.getByRole('radio', { name: '2', checked: true }).waitFor();
  await code.page.keyboard.press('ControlOrMeta+Enter');
  await rated.locator('.status.done').waitFor();
  expect(lines().at(-1)).toMatch(/"scores":\{"\w+":4,"\w+":2\}/);
});

it('shows both versions of a label that was changed elsewhere, and what cannot be read', async () => {
  await row('What is red?').first().getByRole('button').click();
  const mine = lines().findLast((line) => /"label".*Red is the apple\./.test(line)) ?? '';
  const other = {
    ...labelSchema.parse(JSON.parse(mine)),
    id: 'elsewhere',
    at: new Date().toISOString(),
  };
  const line = JSON.stringify(other).replaceAll('Red is the apple.', 'Red, said another window.');
  appendFileSync(code.path(FILE), `${line}\n{"kind":"lab`);
  await desk.getByText('changed in another place').waitFor();
  await desk.getByText('Red, said another window.').waitFor();
  await desk.getByText('of the labels file cannot be read').waitFor();
  await code.inThemes('labelling-6-conflict');
  await desk.getByRole('button', { name: 'Take the Other Version' }).click();
  await expect.poll(() => answer().inputValue()).toBe('Red, said another window.');
  await desk.getByText('changed in another place').waitFor({ state: 'detached' });
  await expect.poll(() => code.read(FILE)).toContain('{"kind":"lab\n');
});

it('counts', async () => {
  await desk.getByRole('button', { name: /^Statistics/ }).click();
  await desk.getByRole('heading', { name: 'Agreement' }).waitFor();
  await desk.getByRole('row', { name: /^anna 2 1/ }).waitFor();
  await code.screenshot('labelling-7-statistics');
});

it('stands in the tree, and opens from there', async () => {
  await code.showTrees();
  const pane = code.page.locator('.pane-header[aria-label^="Labels"]');
  const item = code.page.locator('.monaco-list-row', { hasText: 'answers.labels.jsonl' }).first();
  await code.until(item, () => pane.click());
  await item.getByText('4 of 6 done').waitFor();
  await code.screenshot('labelling-8-tree');
});

/** What the queue's filter counts in all. */
const queued = async (): Promise<number> => {
  const all = await desk.getByRole('option', { name: /^All/ }).textContent();
  return Number(/\d+/.exec(all ?? '')?.[0]);
};
const addFrom = async (way: string): Promise<void> => {
  await desk.getByRole('button', { name: /^Add\.\.\./ }).click();
  await code.pick(way);
};

it('makes prompts of a list of seeds, which it begins where there is none', async () => {
  await desk.getByRole('button', { name: /^Statistics/ }).click();
  const before = await queued();
  await addFrom('From a List of Seeds');
  await code.page.locator('.view-line', { hasText: 'Prompts are drawn' }).first().waitFor();
  expect(code.read('labels/prompts.seeds.txt')).toContain('topic = ');
  await code.command('View: Close Editor');
  await addFrom('From a List of Seeds');
  await code.answer('0', /How many prompts from labels.prompts\.seeds\.txt/);
  await code.page.getByText('A number from 1 to 9999.').waitFor();
  await code.answer('3');
  await expect.poll(queued).toBe(before + 3);
  const [, , made] = lines().slice(-3);
  expect(made).toMatch(/"kind":"task".*"source":"prompts\.seeds\.txt"/);
});

it('lets a model make prompts up', async () => {
  const before = await queued();
  await addFrom('Ask a Model');
  await code.pick('writer');
  await code.answer('2', 'How many prompts?');
  await expect.poll(queued, { timeout: 60_000 }).toBe(before + 2);
  expect(lines().at(-1)).toMatch(/"kind":"task".*"source":"writer"/);
  await code.screenshot('labelling-9-made-up');
});
