import { describe, expect, it } from 'vitest';
import { openWorkspace } from './harness/vscode';

describe('the packed extension in VS Code', () => {
  it('is found in the palette, starts, and writes its log', async () => {
    const code = await openWorkspace({
      files: { 'notes.txt': 'Call me Ishmael.\n' },
      open: ['notes.txt'],
    });
    await code.command('Glassbox: Show Engine Log');
    await code.page
      .locator('.output-view', { hasText: /Glassbox\s\d+\.\d+\.\d+\sis\sactive/ })
      .waitFor();
    await code.inThemes('smoke-log');
    await code.reload();
    expect(await code.offers('Glassbox: Show Engine Log')).toBe(true);
    await expect.poll(() => code.statusBarText()).toContain('Ln 1');
    expect(await code.notifications()).toEqual([]);
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
