/** What a person is told, and how they go on, where files are damaged or gone and the engine is dead. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';
import type { Code, FrameLocator } from './harness/vscode';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const STEPS = 200;
const WAIT = { timeout: 60_000, interval: 250 };

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-damage-'));
const runOf = (name: string, ...parts: string[]): string =>
  path.join(folder, 'runs', name, ...parts);
const checkpointOf = (name: string, step: 40 | 60, ...parts: string[]): string =>
  runOf(name, 'checkpoints', `step-0000${step}`, ...parts);

/** A run of some steps, as the command line makes one. */
function train(name: string, steps: number): void {
  const text = Array.from(
    { length: 300 },
    (_, line) => `Line ${line}: the whale is ${line * 7}.\n`,
  );
  writeFileSync(path.join(folder, 'whales.txt'), text.join(''));
  const settings = [
    ...['tokenizer.kind=byte', 'model.layers=1', 'model.context=16', 'train.batch=1'],
    ...['train.evalEvery=20', 'train.sampleEvery=20', 'train.checkpointEvery=20'],
    ...['samples.maxTokens=8'],
  ];
  const data = ['--data', path.join(folder, 'whales.txt'), '--steps', String(steps)];
  execFileSync(
    process.execPath,
    [CLI, 'train', '--preset', 'tiny', ...data, '--out', runOf(name), '--set', ...settings],
    { stdio: 'ignore' },
  );
}

/** A copy of `whole` that has steps left to make. */
function copyRun(name: string): void {
  cpSync(runOf('whole'), runOf(name), { recursive: true });
  const file = runOf(name, 'recipe.json');
  const recipe = readFileSync(file, 'utf8');
  writeFileSync(file, recipe.replace(/"steps": 60\b/, `"steps": ${STEPS}`));
}

function damage(): void {
  for (const name of ['cut', 'lone', 'garbled', 'failed']) copyRun(name);
  truncateSync(checkpointOf('cut', 60, 'model.safetensors'), 5000);
  rmSync(checkpointOf('lone', 40), { recursive: true });
  rmSync(checkpointOf('lone', 60, 'optimizer.safetensors'));
  cpSync(runOf('whole'), runOf('unreadable'), { recursive: true });
  writeFileSync(runOf('unreadable', 'recipe.json'), '{"name": "unreadable", "tra');

  const failure = {
    ...{ code: 'not-finite', message: 'The loss of step 61 is not a number.' },
    remedy: 'Choose a lower train.lr.',
  };
  writeFileSync(runOf('failed', 'failure.json'), JSON.stringify(failure));

  const lines = readFileSync(runOf('garbled', 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const damaged = lines.map((line) => {
    if (line.includes('"step":10,')) return line.replace(/"loss":[^,]+/, '"loss":null');
    if (line.includes('"step":11,')) return line.replace(/"loss":[^,]+/, '"loss":NaN');
    if (line.includes('"step":12,')) return '\u0000\u0000\u0000 what a bad disk leaves \uFFFD{]';
    return line.includes('"step":13,') ? '[1, 2]' : line;
  });
  writeFileSync(runOf('garbled', 'metrics.jsonl'), `${damaged.join('\n')}\n{"kind":"train","st`);
}

/** All files below the folder, under where they shall lie in the workspace. */
function filesBelow(from: string, to: string): Record<string, Uint8Array> {
  const entries = readdirSync(from, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.join(to, path.relative(from, file)), readFileSync(file)]),
  );
}

let code: Code;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  train('whole', 60);
  train('short', 3);
  damage();
  const recipe = { data: { paths: ['nowhere.txt'] }, train: { steps: 10 } };
  code = await openWorkspace({
    // Room for every run in its list: rows out of sight are not there.
    viewport: { width: 1400, height: 1300 },
    files: {
      // Their text is not there: tokens of their own are.
      ...filesBelow(path.join(folder, 'runs'), path.join('.glassbox', 'runs')),
      ...filesBelow(checkpointOf('whole', 60), path.join('models', 'gone')),
      ...filesBelow(checkpointOf('whole', 60), path.join('models', 'there')),
      'broken.recipe.json': '{\n  "name": "broken",\n  "train": {"steps": 10\n',
      'textless.recipe.json': JSON.stringify(recipe, undefined, 2),
    },
  });
  await code.showTrees();
});

const row = (text: string | RegExp) =>
  code.page.locator('.pane-body .monaco-list-row', { hasText: text }).first();

async function resume(name: string): Promise<void> {
  await code.command('Glassbox: Resume Run');
  await code.pick(new RegExp(`^${name}`));
}

/** A server has no trash. */
async function press(button: string): Promise<void> {
  await code.page.getByRole('button', { name: button }).click();
  await code.page.getByRole('button', { name: 'Delete Permanently' }).click();
}

/** A list that a dashboard takes the focus from is closed: then it is asked for again. */
async function openRun(name: string): Promise<FrameLocator> {
  const rows = code.page.locator('.quick-input-list .monaco-list-row');
  const choice = rows.filter({ hasText: new RegExp(`^${name}`) }).first();
  await code.until(code.page.getByRole('tab', { name, selected: true }), async () => {
    await code.until(choice, () => code.command('Glassbox: Open Run'));
    await choice.click({ timeout: 5000 });
  });
  return code.webview(name);
}

const lossChart = (dashboard: FrameLocator) => dashboard.getByRole('slider', { name: /^Loss/ });
const lastPlace = (dashboard: FrameLocator): Promise<string | null> =>
  lossChart(dashboard).getAttribute('aria-valuemax');

describe('runs', () => {
  it('are listed as what they are', async () => {
    await row(/whole.*60 steps/).waitFor();
    await row(/short.*3 steps/).waitFor();
    await row(/cut.*stopped · step 60\/200/).waitFor();
    await row(/garbled.*stopped · step 60\/200/).waitFor();
    await row(/failed.*failed · step 60\/200/).waitFor();
    await row(/unreadable.*damaged/).waitFor();
    await code.screenshot('damage-runs');
  });

  it('go on from an older checkpoint where the newest is damaged', async () => {
    await resume('cut');
    const dialog = code.page.getByRole('dialog');
    await dialog.getByText('"cut" cannot be resumed from step 60.').waitFor();
    await dialog.getByText(/model\.safetensors cannot be read.*resumed from step 40/s).waitFor();
    await code.screenshot('damage-checkpoint');
    await press('Resume from Step 40');
    await row(/cut.*200 steps/).waitFor();
    await row(/lone.*stopped/).waitFor();
    await resume('lone');
    await dialog.getByText(/It is the only one/).waitFor();
    await press('Begin Again');
    await row(/lone.*200 steps/).waitFor();
    expect(code.read('.glassbox/runs/lone/metrics.jsonl')).toMatch(/^\{"kind":"train","step":1,/);
    expect(await code.notifications()).toEqual([]);
  });

  it('show what can be read of damaged records, and go on', async () => {
    const dashboard = await openRun('garbled');
    await expect.poll(() => lastPlace(dashboard), WAIT).toBe('60');
    await code.screenshot('damage-records');
    await dashboard.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => lastPlace(dashboard), WAIT).toBe('200');
    expect(code.read('.glassbox/runs/garbled/metrics.jsonl')).not.toContain('bad disk');
  });

  it('say why they failed, and go on', async () => {
    const dashboard = await openRun('failed');
    await dashboard.getByText('The loss of step 61 is not a number.').waitFor();
    await dashboard.getByText('Choose a lower train.lr.').waitFor();
    await code.inThemes('damage-failed');
    await dashboard.locator('.banner').getByRole('button', { name: 'Resume' }).click();
    await row(/failed.*200 steps/).waitFor();
    await expect.poll(() => dashboard.locator('.banner').count()).toBe(0);
  });

  it('say what is damaged', async () => {
    const dashboard = await openRun('unreadable');
    await dashboard.locator('.banner', { hasText: 'recipe.json' }).waitFor();
    await expect.poll(() => lastPlace(dashboard), WAIT).toBe('60');
    await code.screenshot('damage-unreadable');
  });

  it('are shown where they have three steps', async () => {
    const dashboard = await openRun('short');
    await expect.poll(() => lastPlace(dashboard), WAIT).toBe('3');
    await code.screenshot('damage-short');
    expect(await code.notifications()).toEqual([]);
  });
});

describe('a recipe', () => {
  it('that is no JSON, or whose text is gone, is not started', async () => {
    await code.command('Glassbox: Start Run from Recipe');
    await code.pick('broken.recipe.json');
    await code.answerNotification(/broken\.recipe\.json has .*problem/, 'Show Problems');
    await code.page.locator('.markers-panel').getByText('broken.recipe.json').waitFor();
    await code.screenshot('damage-recipe');
    await code.openFile('textless.recipe.json');
    await code.command('Glassbox: Start Run from Recipe');
    await code.answerNotification(/textless\.recipe\.json has .*nowhere\.txt/, 'Show Problems');
    expect(await code.notifications()).toEqual([]);
    await code.command('View: Close All Editors');
  });
});

describe('the chat', () => {
  it('says that its model is gone, and goes on with another', async () => {
    await code.command('Glassbox: Open Chat');
    const chat = await code.webview('Chat');
    const composer = chat.locator('#composer textarea');
    const useModel = async (name: string): Promise<void> => {
      await chat.getByTitle('Choose the model').click();
      await code.page.getByPlaceholder('Choose a model').waitFor();
      await code.answer(name);
      await chat.locator('.chooser', { hasText: name }).waitFor();
    };
    await useModel('gone');
    await composer.fill('Line 7');
    rmSync(code.path('models', 'gone'), { recursive: true });
    await composer.press('Enter');
    await chat.getByRole('alert').waitFor();
    await code.screenshot('damage-chat');
    expect(await chat.getByRole('alert').innerText()).toMatch(/gone/);
    await useModel('there');
    await chat.getByRole('button', { name: 'Write Again' }).click();
    await chat.getByText('Cut at the most tokens of an answer.').waitFor();
    expect(await code.notifications()).toEqual([]);
  });
});

describe('the engine', () => {
  it('that dies twice without work starts again when it is needed', async () => {
    for (let time = 0; time < 2; time++) {
      await code.command('Glassbox: Refresh');
      await expect.poll(() => code.engineProcess(), WAIT).toBeDefined();
      const engine = await code.engineProcess();
      await expect.poll(() => code.log(), WAIT).toContain(`process ${engine!.pid}.`);
      process.kill(engine!.pid, 'SIGKILL');
      await expect
        .poll(() => code.notifications(), WAIT)
        .toEqual([expect.stringContaining('It starts again when it is needed.')]);
      await expect.poll(() => code.engineProcess(), WAIT).toBeUndefined();
    }
    await code.screenshot('damage-engine');
    await code.command('Notifications: Clear All Notifications');
    await code.command('Glassbox: Select Device...');
    await code.page.getByText(/of memory/).waitFor();
    await code.page.keyboard.press('Escape');
  });

  it('whose Node is gone says so once, with the way to the setting', async () => {
    code.setSettings({ 'glassbox.node.path': '/nowhere/node' });
    await code.command('Glassbox: Restart Engine');
    await code.command('Glassbox: Refresh');
    const message = /could not be started with \/nowhere\/node: there is no such file/;
    await code.page.getByText(message).first().waitFor();
    await code.command('Glassbox: Select Device...');
    await expect.poll(() => code.notifications(), WAIT).toEqual([expect.stringMatching(message)]);
    await code.screenshot('damage-node');
    await code.answerNotification(message, 'Open Setting');
    await code.page.locator('.settings-editor').getByText('runs the engine').first().waitFor();
    await code.screenshot('damage-node-setting');
    await code.page.keyboard.press('Escape');
    await code.page.locator('.settings-editor').waitFor({ state: 'detached' });
    await code.showTrees();
    code.setSettings({ 'glassbox.node.path': '' });
    await expect.poll(() => code.engineProcess(), WAIT).toBeDefined();
    await row(/whole.*60 steps/).waitFor();
  });
});
