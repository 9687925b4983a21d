import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openWorkspace } from './harness/vscode';

type AddressOf = (url: string, folder: string, file: string) => string;
const { addressOf } = z
  .object({ addressOf: z.custom<AddressOf>((value) => typeof value === 'function') })
  .parse(await import(path.resolve('scripts/open.mjs')));

describe('the packed extension in VS Code', () => {
  it('is found in the palette, starts, and writes its log', async () => {
    const code = await openWorkspace({
      files: { 'notes.txt': 'Call me Ishmael.\n' },
      open: ['notes.txt'],
    });
    const log = code.page.locator('.output-view', {
      hasText: /Glassbox\s\d+\.\d+\.\d+\sis\sactive/,
    });
    // VS Code shows no channel that it has not heard of yet, and says nothing.
    await code.until(log, () => code.command('Glassbox: Show Engine Log'));
    await code.inThemes('smoke-log');
    await code.reload();
    await expect.poll(() => code.offers('Glassbox: Show Engine Log')).toBe(true);
    await expect.poll(() => code.statusBarText()).toContain('Ln 1');
    expect(await code.notifications()).toEqual([]);
  });

  it('is opened by `npm start` on a folder and a file in it', async () => {
    const name = 'whales at 50%.recipe.json';
    const code = await openWorkspace({ files: { [name]: '{}\n' } });
    await code.page.goto(addressOf(code.server.url, code.folder, code.path(name)));
    await code.ready();
    await code.page.getByRole('tab', { name, selected: true }).waitFor();
    await code.page.getByText('Start Run', { exact: true }).first().waitFor();
    await code.screenshot('smoke-start');
  });

  it('opens its walkthrough at its first step', async () => {
    const code = await openWorkspace({ files: { 'notes.txt': 'Call me Ishmael.\n' } });
    await code.command('Glassbox: Open Walkthrough');
    await code.page.locator('.getting-started-step.expanded').first().waitFor();
    const steps = await code.page.locator('.getting-started-step').allInnerTexts();
    expect(steps.join(' ')).toContain('See a text as a model sees it');
    expect(await code.notifications()).toEqual([]);
  });
});
