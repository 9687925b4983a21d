// Calls of tools in the chat, by a model that this test teaches them.
import { beforeAll, describe, expect, it } from 'vitest';
import { trainCaller } from './harness/talker';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

const TRANSCRIPT = `<|im_start|>user
What is 2 + 3?<|im_end|>
<|im_start|>assistant
<tool_call>{"name":"calculator","arguments":"2 + 3"}</tool_call><|im_end|>
`;

const TASK = {
  ...{ kind: 'task', id: 'sum', at: '2026-11-26T10:00:00.000Z', by: 'anna', place: 0 },
  ...{ mode: 'answer', turns: [{ role: 'user', content: 'What is 2 + 3?' }] },
};

let code: Code;
let chat: FrameLocator;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'talk.chatml': TRANSCRIPT,
      'labels/sums.labels.jsonl': `${JSON.stringify(TASK)}\n`,
      'notes/red.txt': 'The apple is red.',
      ...trainCaller(),
    },
    settings: { 'glassbox.chat.temperature': 0, 'glassbox.chat.maxTokens': 24 },
  });
  await code.command('Glassbox: Open Chat');
  chat = await code.webview('Chat');
});

/** In a conversation of its own: a model this small knows no other. */
const ask = async (text: string): Promise<void> => {
  await code.command('Glassbox: New Conversation');
  await chat.getByText('Ask something.').waitFor();
  await chat.locator('#composer textarea').fill(text);
  await chat.locator('#composer textarea').press('Enter');
};
const calls = () => chat.locator('.call');
const button = (name: string) => chat.locator('.consent').getByRole('button', { name });
const finished = () =>
  chat.locator('.turn').last().getByRole('button', { name: 'Write Again' }).waitFor();

describe('a call of a tool', () => {
  it('waits until somebody allows it', async () => {
    await chat.locator('.chooser', { hasText: 'caller' }).waitFor();
    await ask('What is 2 + 3?');
    await button('Allow Once').waitFor();
    await calls().getByText('waits for you').waitFor();
    await code.inThemes('tools-consent');
    await button('Allow Once').click();
    await calls().locator('.given', { hasText: '5' }).waitFor();
    await finished();
    await expect.poll(() => chat.locator('.consent').count()).toBe(0);
  });

  it('is folded, and unfolds to its tokens, its input and its output', async () => {
    await calls().locator('summary').first().click();
    await calls().getByText('As the model wrote it').waitFor();
    await calls().locator('pre', { hasText: '2 + 3' }).waitFor();
    await calls().locator('.token', { hasText: /\S/ }).nth(1).click();
    await chat.getByRole('dialog').getByText('Surprise').waitFor();
    await code.page.keyboard.press('Escape');
    await chat.getByRole('dialog').waitFor({ state: 'detached' });
    await code.screenshot('tools-call');
  });

  it('that is refused is told to the model', async () => {
    await ask('What is 4 + 3?');
    await button("Don't Allow").click();
    await calls().getByText('not run').waitFor();
    await finished();
  });

  it('is not asked for again where it is allowed for the conversation', async () => {
    await ask('What is 5 + 3?');
    await button('In This Conversation').click();
    await calls().locator('.given', { hasText: '8' }).waitFor();
    await finished();
    // Another answer calls again, and nobody is asked.
    await chat.getByRole('button', { name: 'Write Again' }).click();
    await chat.locator('.turn').last().getByText('2/2').waitFor();
    await calls().locator('.given', { hasText: '8' }).waitFor();
    await finished();
  });

  it('is chosen in the settings', async () => {
    await chat.getByRole('button', { name: 'Settings' }).click();
    await chat.getByText('allowed in this conversation').waitFor();
    await chat.getByRole('checkbox', { name: 'Search' }).click();
    await code.page.getByPlaceholder('Where shall the model search?').waitFor();
    await code.pick('the workspace');
    await expect.poll(() => chat.getByRole('checkbox', { name: 'Search' }).isChecked()).toBe(true);
    await code.screenshot('tools-settings');
    await chat.getByRole('button', { name: 'Ask Before Each Call Again' }).click();
    await chat.getByText('allowed in this conversation').waitFor({ state: 'detached' });
    await chat.getByRole('button', { name: 'Settings' }).click();
  });

  it('is read from a transcript', async () => {
    await code.openFile('talk.chatml');
    await code.page.locator('.view-line', { hasText: 'im_start' }).first().waitFor();
    await code.command('Glassbox: Continue This Conversation with...');
    await code.pick('caller');
    await chat.locator('.said', { hasText: 'What is 2 + 3?' }).waitFor();
    await calls().getByText('waits for you').waitFor();
    await button('Allow Once').click();
    await calls().locator('.given', { hasText: '5' }).waitFor();
    await finished();
    await code.screenshot('tools-transcript');
  });
});

describe('a call in a draft of the labelling desk', () => {
  it('is asked for as in the chat, and kept with what it gave', async () => {
    await code.command('Glassbox: Open Labelling Desk');
    const desk = await code.webview(1);
    await desk.getByRole('button', { name: 'Give a Name...' }).click();
    await code.answer('anna', /stands in each label/);
    await desk.getByRole('button', { name: 'Draft with caller' }).click();
    await desk.getByRole('button', { name: 'At This Desk' }).waitFor();
    await code.screenshot('tools-desk-consent');
    await desk.getByRole('button', { name: 'At This Desk' }).click();
    const answer = desk.getByRole('textbox', { name: 'Answer', exact: true });
    await desk.getByText('drafted by caller').waitFor();
    await desk.getByRole('button', { name: 'Draft with caller' }).waitFor();
    await code.inThemes('tools-desk');
    await answer.fill('It is 5.');
    await answer.press('ControlOrMeta+Enter');
    await desk.locator('.queue-list .status.done').waitFor();
    const turns = code.read('labels/sums.labels.jsonl').trimEnd().split('\n').at(-1) ?? '';
    expect(turns).toContain('"toolCalls":[{"name":"calculator","arguments":"2 + 3"}]');
    expect(turns).toContain('{"role":"tool","content":"5"}');
  });
});
