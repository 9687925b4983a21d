/**
 * A real VS Code (code-server) with the packed extension, driven in Chromium, for the benchmarks that
 * measure the editor: the same package and the same window as the tests in test/vscode use.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium as playwright } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { installPacked } from '../../scripts/vscodePacked.mjs';
import type { Packed } from '../../scripts/vscodePacked.mjs';
import { readLogs, startServer } from '../../scripts/vscodeServer.mjs';
import type { Server } from '../../scripts/vscodeServer.mjs';
import { Window } from '../../test/vscode/harness/window';

const BROWSER = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const VIEWPORT = { width: 1400, height: 900 };

export interface Editor {
  readonly window: Window;
  readonly browser: Browser;
  readonly server: Server;
  /** The workspace's folder; what is beside it is removed with it. */
  readonly folder: string;
  /** What is in Glassbox's output channel. */
  readonly log: () => string;
}

export interface EditorOptions {
  /** Name in the workspace -> its text. */
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A file of the workspace that is open at the start. */
  readonly open?: string;
}

/** Packs and installs the extension, does the work, and removes it all. */
export async function withPackedExtension(work: (packed: Packed) => Promise<void>): Promise<void> {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-bench-'));
  try {
    await work(await installPacked(home));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Opens VS Code on a new folder, does the work, and ends everything. */
export async function withEditor(
  { extensions, chromium }: Packed,
  { files = {}, settings = {}, open }: EditorOptions,
  work: (editor: Editor) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-bench-'));
  const folder = path.join(home, 'workspace');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const server = await startServer({ home, extensions, settings, trust: true });
  const browser = await playwright.launch({ executablePath: chromium, args: BROWSER });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT });
    const query = new URLSearchParams({ folder });
    const { host } = new URL(server.url);
    if (open !== undefined) {
      const file = `vscode-remote://${host}${path.join(folder, open)}`;
      query.set('payload', JSON.stringify([['openFile', file]]));
    }
    await page.goto(`${server.url}/?${query.toString()}`);
    const window = new Window(page, server.settingsFile);
    await window.ready();
    const log = (): string => readLogs(server.userData, 'Glassbox');
    while (!log().includes('is active')) await page.waitForTimeout(100);
    await work({ window, browser, server, folder, log });
  } finally {
    await browser.close();
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
}
