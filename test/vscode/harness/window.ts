/**
 * One window of VS Code and what a person does there: the palette, the status bar, notifications,
 * webviews, themes. Its methods are the vocabulary of the tests; for the rest there is `page`,
 * Playwright's own.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import * as z from 'zod';

/** Tests and benchmarks run in the project's root. */
const ARTIFACTS = path.resolve('test', 'vscode', 'artifacts');

/** The class that VS Code puts on the workbench in each theme. */
const THEMES = {
  light: { name: 'Default Light Modern', class: 'vs' },
  dark: { name: 'Default Dark Modern', class: 'vs-dark' },
  'high-contrast': { name: 'Default High Contrast', class: 'hc-black' },
} as const;

/**
 * How long something may take before it is asked for again: an editor that is busy swallows keys and
 * clicks. No limit of the whole: that is the test's own.
 */
const AGAIN = { timeout: 5000 };
const LATE = { timeout: 20_000 };

/** Whether it came to pass in the time that it was given. */
const attempt = (action: Promise<unknown>): Promise<boolean> =>
  action.then(
    () => true,
    () => false,
  );

/** Does it until it has come to pass. Each turn takes at most as long as its own time-outs say. */
async function repeat(action: () => Promise<unknown>): Promise<void> {
  while (!(await attempt(action())));
}

async function attributes(locator: Locator, name: string): Promise<string[]> {
  const found = await Promise.all((await locator.all()).map((each) => each.getAttribute(name)));
  return found.filter((value) => value !== null);
}

export class Window {
  readonly page: Page;
  readonly #settingsFile: string;

  constructor(page: Page, settingsFile: string) {
    this.page = page;
    this.#settingsFile = settingsFile;
  }

  /** Resolves once the workbench stands and knows what the extensions contribute. */
  async ready(): Promise<void> {
    // Themes come from extensions too: the class is set when they have been read.
    await this.page.locator('.monaco-workbench[class*="vscode-theme-defaults-"]').waitFor();
    await this.page.locator('.monaco-workbench .statusbar').waitFor();
    // An editor that is only then shown takes the focus, and with it the palette that is open.
    await this.page.waitForFunction(
      () => performance.getEntriesByName('code/didRestoreEditors').length > 0,
      undefined,
      { polling: 100 },
    );
  }

  /** In order, as a person does it: a browser's own reload loses what VS Code has not stored yet. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.command('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  get #input(): Locator {
    return this.page.locator('.quick-input-widget input.input');
  }

  get #rows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /**
   * Chooses a command in the palette, by its whole title: 'Glassbox: Show Engine Log'. The palette is
   * gone when it resolves: an input box that shows then is the command's.
   */
  async command(title: string): Promise<void> {
    // VS Code may close the palette again while it is still opening editors: then once more.
    await repeat(async () => {
      await this.#search(`>${title}`);
      await this.#choose(this.#commandRow(title));
    });
  }

  /** True if the palette offers the command now. */
  async offers(title: string): Promise<boolean> {
    await this.#search(`>${title}`);
    await this.#rows.first().waitFor();
    const found = await this.#commandRow(title).isVisible();
    await this.page.keyboard.press('Escape');
    return found;
  }

  /** A row says more than its title when the command was used before, or has a key. */
  #commandRow(title: string): Locator {
    const [whole, start] = [JSON.stringify(title), JSON.stringify(`${title},`)];
    return this.page
      .locator('.quick-input-list')
      .locator(`.monaco-list-row[aria-label=${whole}], .monaco-list-row[aria-label^=${start}]`)
      .first();
  }

  /** In the palette: what begins with `>` is a command, anything else a file. */
  async #search(text: string): Promise<void> {
    await repeat(async () => {
      // A palette that is open keeps the commands that there were when it was opened.
      if (await this.#input.isVisible()) await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('F1');
      await this.#input.fill(text, { timeout: 1000 });
    });
    await attempt(this.#rows.first().waitFor({ timeout: 1000 }));
  }

  /** Clicks a row of the open list, which then is gone. */
  async #choose(row: Locator, gone = AGAIN): Promise<void> {
    await row.waitFor({ timeout: 1000 });
    await row.click(AGAIN);
    await row.waitFor({ state: 'hidden', ...gone });
  }

  /**
   * In an open quick pick or input box: types (replacing what is there) and presses Enter. With `question`
   * once that is what is asked: the box before may still be there.
   */
  async answer(text: string, question?: string | RegExp): Promise<void> {
    if (question !== undefined)
      await this.page.locator('.quick-input-widget').getByText(question).waitFor();
    await this.#input.fill(text);
    await this.#input.press('Enter');
  }

  /**
   * In an open quick pick: chooses the row whose label has this text. With `question` once that is what is
   * asked, in the place where one would type.
   */
  async pick(label: string | RegExp, question?: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    if (question !== undefined) await widget.getByPlaceholder(question).waitFor();
    const row = this.#rows.filter({ hasText: label }).first();
    await row.waitFor();
    await repeat(async () => {
      // A click is more often late than lost, and a second one would fall on the next question.
      if (await row.isVisible()) await this.#choose(row, LATE);
    });
  }

  /** Does what may be done twice, and again where VS Code did not notice, until something shows by it. */
  async until(shown: Locator, action: () => Promise<unknown>): Promise<void> {
    await repeat(async () => {
      if (!(await shown.isVisible())) await action();
      await shown.waitFor(AGAIN);
    });
  }

  /**
   * From the menu of a right click on an item. Just after a window was loaded a menu may come with a
   * command that is not enabled yet, and stays so: it is closed and asked for again.
   */
  async choose(item: Locator, action: string): Promise<void> {
    const menu = this.page.locator('.monaco-menu');
    const entry = menu.getByRole('menuitem', { name: action, disabled: false });
    await this.until(entry, async () => {
      if (await menu.first().isVisible()) await this.page.keyboard.press('Escape');
      await item.click({ button: 'right' });
    });
    // A menu that has just opened takes no click yet.
    await entry.hover();
    await this.page.keyboard.press('Enter');
  }

  /** Shows the lists of runs, models and tokenizers in the side bar. */
  async showTrees(): Promise<void> {
    const runs = this.page.locator('.sidebar .pane-header[aria-label^="Runs"]');
    const container = this.page.getByRole('tab', { name: /^Glassbox(?! Chat)/ }).first();
    await container.waitFor();
    await repeat(async () => {
      // A click on what shows already would hide it.
      if (!(await runs.isVisible())) await container.click(AGAIN);
      await runs.waitFor(AGAIN);
    });
  }

  /** Opens a file of the workspace through "Go to File". Its editor is the active one then. */
  async openFile(name: string): Promise<void> {
    const base = path.basename(name);
    const tab = this.page.getByRole('tab', { name: base, selected: true });
    const editor = this.page
      .locator('.editor-group-container.active')
      .locator(`.monaco-editor[data-uri$="/${base}"], .notebook-editor`);
    await repeat(async () => {
      await this.#search(name);
      await this.#choose(this.#rows.filter({ hasText: base }).first());
      await tab.first().waitFor(AGAIN);
      await editor.first().waitFor(AGAIN);
    });
  }

  /**
   * What is inside of a webview, found by its title (the tab's, or the view's) or by its place among
   * the open ones, from 0. Waits until it is there.
   */
  async webview(which: string | RegExp | number = 0): Promise<FrameLocator> {
    const outer = this.page.locator('iframe.webview.ready');
    if (typeof which === 'number') {
      await outer.nth(which).waitFor({ state: 'attached' });
      return outer.nth(which).contentFrame().frameLocator('iframe#active-frame');
    }
    const fits = (title: string): boolean =>
      typeof which === 'string' ? title === which : which.test(title);
    for (;;) {
      for (const name of await attributes(outer, 'name')) {
        const inner = this.page
          .locator(`iframe.webview[name="${name}"]`)
          .contentFrame()
          .locator('iframe#active-frame');
        const title = await inner.getAttribute('title', { timeout: 1000 }).catch(() => null);
        if (title !== null && fits(title)) return inner.contentFrame();
      }
      await this.page.waitForTimeout(50);
    }
  }

  /** The texts of all items of the status bar, from left to right. */
  async statusBarText(): Promise<string> {
    const texts = await this.page.locator('.statusbar-item').allInnerTexts();
    return texts
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .join(' | ');
  }

  /** The messages of the notifications that show now. */
  async notifications(): Promise<string[]> {
    return this.page
      .locator('.notifications-toasts .notification-list-item-message')
      .allInnerTexts();
  }

  /**
   * Waits for a notification and presses one of its buttons. One that hid itself meanwhile is found
   * where a person finds it, behind the bell.
   */
  async answerNotification(text: string | RegExp, button: string): Promise<void> {
    const item = this.page
      .locator('.notification-list-item', { hasText: text })
      .filter({ visible: true })
      .first();
    const bell = this.page.locator('.statusbar-item[id="status.notifications"]');
    await repeat(async () => {
      if (!(await attempt(item.waitFor(AGAIN)))) await bell.click(AGAIN);
      await item.getByRole('button', { name: button, exact: true }).click(AGAIN);
    });
    // While the list behind the bell is open, nothing new shows by itself.
    // A question that the answer has led to covers the bell, and comes first.
    if (await this.page.locator('.notifications-center').isVisible())
      await attempt(bell.click(AGAIN));
  }

  /** Changes settings, of the machine (above the user's); VS Code takes a moment to notice. */
  setSettings(settings: Readonly<Record<string, unknown>>): void {
    const now = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(readFileSync(this.#settingsFile, 'utf8')));
    writeFileSync(this.#settingsFile, JSON.stringify({ ...now, ...settings }, undefined, 2));
  }

  /** Writes test/vscode/artifacts/<name>.png, and resolves to its path. */
  async screenshot(name: string): Promise<string> {
    mkdirSync(ARTIFACTS, { recursive: true });
    const file = path.join(ARTIFACTS, `${name}.png`);
    await this.page.screenshot({ path: file, animations: 'disabled' });
    return file;
  }

  /** Does `action` (if any) in each theme and shoots <name>-light, -dark and -high-contrast. */
  async inThemes(name: string, action?: (theme: string) => Promise<void>): Promise<void> {
    for (const [theme, { name: colorTheme, class: themeClass }] of Object.entries(THEMES)) {
      this.setSettings({ 'workbench.colorTheme': colorTheme });
      await this.page.locator(`.monaco-workbench.${themeClass}`).waitFor();
      await action?.(theme);
      await this.screenshot(`${name}-${theme}`);
    }
    this.setSettings({ 'workbench.colorTheme': THEMES.dark.name });
    await this.page.locator(`.monaco-workbench.${THEMES.dark.class}`).waitFor();
  }
}
