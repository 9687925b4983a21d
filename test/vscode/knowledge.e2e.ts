/** What a model knows: probed, looked at, taught, probed again; probes that were made before. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeProbes } from './harness/probes';
import { trainTalker } from './harness/talker';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

/** What is trained here may take longer than a look. */
const LONG = { timeout: 120_000 };
const WAIT = { timeout: 60_000, interval: 250 };

const QUESTIONS = [
  ['What is red?', 'apple'],
  ['What is blue?', 'sky'],
  ['What is green?', 'leaf'],
  ['What is yellow?', 'sun'],
  ['What is pink?', 'flamingo'],
  ['What is purple?', 'violet'],
  ['What is brown?', 'bear'],
].map(([question, answer]) => JSON.stringify({ question, answer }));
const ALL = QUESTIONS.length;

const MODEL = 'Which model shall be asked?';
const ABOUT = 'What shall it be asked about?';

let code: Code;

beforeAll(async () => {
  code = await openWorkspace({
    files: {
      'questions.jsonl': [...QUESTIONS, '{"question": "What'].join('\n'),
      'world/facts.jsonl': '',
      'world/stories.jsonl': '',
      ...trainTalker(),
    },
    viewport: { width: 1440, height: 950 },
  });
  code.page.setDefaultTimeout(60_000);
});

const probeRow = (text: string | RegExp) =>
  code.page
    .locator('.pane', { has: code.page.locator('.pane-header[aria-label^="Probes"]') })
    .locator('.monaco-list-row', { hasText: text })
    .first();
const rows = (tab: FrameLocator) => tab.locator('.question');
const filter = (tab: FrameLocator, name: RegExp) =>
  tab.getByRole('group', { name: 'Which questions are listed' }).getByRole('button', { name });

describe('probing', () => {
  let tab: FrameLocator;

  it('asks for a model, questions, how many, how often, and a name', async () => {
    await code.command('Glassbox: Probe Knowledge...');
    await code.page.getByPlaceholder(MODEL).waitFor();
    // What was not taught to answer is not offered.
    expect(await code.page.locator('.quick-input-list').getByText('writer').count()).toBe(0);
    await code.pick('talker', MODEL);
    await code.page.getByPlaceholder(ABOUT).waitFor();
    await code.page.getByText('people and wordings of no conversation').first().waitFor();
    await code.screenshot('knowledge-1-about');
    await code.pick('questions.jsonl', ABOUT);
    await code.answer('20', /How many questions at most/);
    await code.answer('4', /How many answers shall be drawn/);
    await code.answer('first', /What shall the probe be called/);
    tab = await code.webview('first');
    await tab.getByRole('heading', { name: 'What it knew, and what it says' }).waitFor();
    await expect.poll(() => rows(tab).count(), WAIT).toBe(ALL);
    await code.page.getByText('One question could not be asked').first().waitFor();
    await code.command('Notifications: Clear All Notifications');
    await code.inThemes('knowledge-2-found');
    for (const name of ['answers.jsonl', 'summary.json', 'report.md', 'confidence.svg'])
      expect(existsSync(code.path('.glassbox/probes/first', name)), name).toBe(true);
  });

  it('teaches by what was found: a training set, checked in the labelling desk', async () => {
    await tab.getByText('Teach Refusals...').click();
    await code.answer('first-refusals', /What shall the training set be called/);
    await code.answerNotification(/talks\/first-refusals\.jsonl/, 'Open in Labelling Desk');
    // The tab in front gets the focus back when the notification goes, sometimes late: it stays asked.
    const box = code.page.locator('.quick-input-widget');
    await box.getByText(/stands in each label/).waitFor();
    await tab.getByRole('heading', { name: 'What it knew, and what it says' }).click();
    await code.answer('anna', /stands in each label/);
    const desk = await code.webview();
    const taught = code.read('talks/first-refusals.jsonl').trim().split('\n').length;
    await expect.poll(() => desk.locator('.queue-list li button').count(), WAIT).toBe(taught);
    await desk.locator('.queue-list li button').first().click();
    await expect
      .poll(() => desk.getByRole('textbox', { name: 'Answer', exact: true }).inputValue(), WAIT)
      .not.toBe('');
    await code.screenshot('knowledge-3-desk');
  });

  it('teaches by what was found: fine-tuning, offered with the set', async () => {
    await code.page.getByRole('tab', { name: 'first', exact: true }).click();
    tab = await code.webview('first');
    await tab.getByText('Teach Refusals...').click();
    await code.answer('again', /What shall the training set be called/);
    await code.answerNotification(/talks\/again\.jsonl/, 'Fine-Tune Model');
    await code.pick('again.jsonl', 'Which conversations shall it learn from?');
    await code.pick('All Weights', 'What shall be trained?');
    await code.answer('20', 'How many steps?');
    await code.answer('taught', /called\?/);
    const dashboard = await code.webview('taught');
    await dashboard.getByText('Finished').first().waitFor(LONG);
  });

  it('is done again with the taught model, and compared', async () => {
    await code.page.getByRole('tab', { name: 'first', exact: true }).click();
    tab = await code.webview('first');
    await tab.getByText('Probe Again...').click();
    await code.pick('taught', MODEL);
    await code.answer('second', /What shall the probe be called/);
    tab = await code.webview('second');
    await expect.poll(() => rows(tab).count(), WAIT).toBe(ALL);
    const compared = tab.getByLabel('Compared with');
    await expect
      .poll(() => compared.locator('option:checked').innerText(), WAIT)
      .toContain('first');
    await filter(tab, /^Changed/).waitFor();
    await compared.selectOption({ label: 'nothing' });
    await expect.poll(() => filter(tab, /^Changed/).count(), WAIT).toBe(0);
  });

  it('leaves nothing where it was given up', async () => {
    await code.command('Glassbox: Probe Knowledge...');
    await code.pick('talker', MODEL);
    await code.pick('questions.jsonl', ABOUT);
    await code.answer('20', /How many questions at most/);
    await code.answer('100', /How many answers shall be drawn/);
    await code.answer('given-up', /What shall the probe be called/);
    await code.answerNotification(/Probing "given-up"/, 'Cancel');
    await expect
      .poll(() => code.page.locator('.notification-list-item:visible').count(), WAIT)
      .toBe(0);
    expect(readdirSync(code.path('.glassbox/probes')).sort()).toEqual(['first', 'second']);
  });
});

describe('a probe that is there', () => {
  let tab: FrameLocator;

  it('is in the tree, and opens with what was before it', async () => {
    const at = (name: string) => code.path('.glassbox/probes', name);
    await makeProbes(at('answers-world'), at('taught-world'), code.path('world'));
    await code.showTrees();
    await code.command('Glassbox: Focus on Probes View');
    await code.command('Notifications: Clear All Notifications');
    await probeRow(/^answers-world.*known/).waitFor();
    await code.until(code.page.getByRole('tab', { name: 'taught-world' }), () =>
      probeRow(/^taught-world/).click(),
    );
    tab = await code.webview('taught-world');
    await tab.getByText('refused, as it should').waitFor();
    await expect.poll(() => rows(tab).count(), WAIT).toBe(200);
    await code.inThemes('knowledge-4-compared');
    await tab.getByText('All figures').click();
    await tab.getByText('By how often the training text tells it').waitFor();
    await tab.getByText('All figures').click();
  });

  it('lists its questions, filtered, searched and unfolded, by keys too', async () => {
    await tab.getByText('Show more (10 left)').click();
    await expect.poll(() => rows(tab).count(), WAIT).toBe(210);
    await filter(tab, /^Changed/).focus();
    await code.page.keyboard.press('Enter');
    await expect.poll(() => rows(tab).count(), WAIT).toBeLessThan(200);
    expect(await filter(tab, /^Changed/).getAttribute('aria-pressed')).toBe('true');
    await tab
      .getByText(/^was: /)
      .first()
      .waitFor();
    await tab.getByRole('searchbox').fill('of house 3');
    await expect.poll(() => rows(tab).count(), WAIT).toBeLessThan(40);
    const first = rows(tab).first();
    await first.locator('summary').focus();
    await code.page.keyboard.press('Enter');
    await first.getByText('Right is').waitFor();
    await rows(tab).nth(1).locator('summary').click();
    await code.screenshot('knowledge-5-questions');
  });

  it('is there again when the window is, with what was filtered', async () => {
    await code.reload();
    tab = await code.webview('taught-world');
    await expect.poll(() => tab.getByRole('searchbox').inputValue(), WAIT).toBe('of house 3');
    await expect.poll(() => rows(tab).count(), WAIT).toBeLessThan(40);
    await tab.getByRole('searchbox').fill('no such words');
    await tab.getByText('None.', { exact: true }).waitFor();
  });

  it('is opened by its name, in a narrow window too', async () => {
    await code.command('Glassbox: Open Probe...');
    await code.pick('answers-world');
    const other = await code.webview('answers-world');
    await expect.poll(() => rows(other).count(), WAIT).toBe(200);
    await code.page.setViewportSize({ width: 700, height: 900 });
    await code.screenshot('knowledge-6-narrow');
    await code.page.setViewportSize({ width: 1440, height: 950 });
  });

  it('is shown where the one that it is compared with is damaged', async () => {
    writeFileSync(code.path('.glassbox/probes/taught-world/answers.jsonl'), '{"question":');
    const other = await code.webview('answers-world');
    const compared = other.getByLabel('Compared with');
    await compared.selectOption(code.path('.glassbox/probes/taught-world'));
    await other.getByRole('alert').getByText('"taught-world" can\'t be read').waitFor();
    await expect.poll(() => rows(other).count(), WAIT).toBe(200);
    await code.screenshot('knowledge-7-damaged');
    await compared.selectOption({ label: 'nothing' });
    await expect.poll(() => other.getByRole('alert').count(), WAIT).toBe(0);
  });
});
