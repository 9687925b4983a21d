/**
 * A real VS Code with the packed extension in it, for tests that do what a person does.
 *
 *     import { openWorkspace } from './harness/vscode';
 *
 *     it('shows the log', async () => {
 *       const code = await openWorkspace({ files: { 'a.txt': 'Call me Ishmael.' }, open: ['a.txt'] });
 *       await code.command('Glassbox: Show Engine Log');
 *       await code.page.getByText('is active').waitFor();     // code.page is Playwright's Page
 *       await code.inThemes('log');                            // light, dark and high contrast
 *     });
 *
 * `openWorkspace` starts a server and a browser of its own (about 5 s); open one in `beforeAll` and
 * share it among the tests of a file where they don't disturb each other. All are closed when the
 * file is done. A test that fails leaves a screenshot, and the end of its error says what VS Code
 * showed. Every wait is for something to be so, until the test's own time is over.
 *
 * Not covered: the desktop's VS Code (Electron), several browsers, and dialogs of the system (VS
 * Code in the browser has simple ones of its own).
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import { afterAll, afterEach, inject } from 'vitest';
import { descendants, readLogs, startServer } from '../../../scripts/vscodeServer.mjs';
import type { Server } from '../../../scripts/vscodeServer.mjs';
import { Window } from './window';

declare module 'vitest' {
  interface ProvidedContext {
    extensions: string;
    vsix: string;
    chromium: string;
  }
}

export interface WorkspaceOptions {
  /** Path below the workspace -> what is in the file. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** User settings, beside those that keep VS Code quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Files to open in editors at the start, the last one in front. */
  readonly open?: readonly string[];
  /** With `false` the folder is not trusted, as a folder that was just downloaded. */
  readonly trust?: boolean;
  /**
   * What a `.code-workspace` file opens together: folders of the workspace's folder, by their paths in
   * it, and folders of other file systems, by their URIs.
   */
  readonly roots?: readonly string[];
  /** Folders of extensions that are there beside the packed one. */
  readonly extensions?: readonly string[];
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Files and folders that the window is told of at its start, each under VS Code's name for it. */
  readonly payload?: readonly (readonly [name: string, place: string])[];
  /** Options of the server's command line. */
  readonly serverOptions?: readonly string[];
}

interface Opened {
  readonly folder: string;
  readonly server: Server;
  /** What the browser opens. */
  readonly address: string;
  readonly home: string;
  readonly browser: Browser;
}

const opened = new Set<Code>();

export class Code extends Window {
  /** The workspace's folder on the disk. */
  readonly folder: string;
  readonly server: Server;
  readonly #address: string;
  readonly #home: string;
  readonly #browser: Browser;

  constructor(page: Page, { folder, server, address, home, browser }: Opened) {
    super(page, server.settingsFile);
    this.folder = folder;
    this.server = server;
    this.#address = address;
    this.#home = home;
    this.#browser = browser;
  }

  /** The absolute path of a file of the workspace. */
  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  read(...parts: string[]): string {
    return readFileSync(this.path(...parts), 'utf8');
  }

  /** A second window on the same server and folder. */
  async openWindow(): Promise<Window> {
    const page = await this.page.context().newPage();
    await page.goto(this.#address);
    const window = new Window(page, this.server.settingsFile);
    await window.ready();
    return window;
  }

  /** The engine: a child of the extension host. `undefined` where none runs. */
  async engineProcess(): Promise<{ readonly pid: number } | undefined> {
    const all = await descendants(this.server.pid);
    return all.find(({ command }) => command.includes(path.join('dist', 'engine.js')));
  }

  /** What the extension wrote into its output channel. */
  log(): string {
    return readLogs(this.server.userData, 'Glassbox');
  }

  async close(): Promise<void> {
    opened.delete(this);
    await this.#browser.close();
    // Nobody asks any more what it leaves: in order it would take five seconds.
    await this.server.end(0);
    // Something that was just ended may have written once more.
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** With `target`, the `folder` or `workspace` that the window is for. */
function addressOf(
  server: Server,
  target: Readonly<Record<string, string>>,
  payload: NonNullable<WorkspaceOptions['payload']> = [],
): string {
  const query = new URLSearchParams(target);
  const { host } = new URL(server.url);
  const remote = payload.map(([name, place]) => [name, `vscode-remote://${host}${place}`]);
  if (remote.length > 0) query.set('payload', JSON.stringify(remote));
  return `${server.url}/?${query.toString()}`;
}

/** The file that opens several folders together. */
function workspaceFile(home: string, roots: readonly string[]): string {
  const file = path.join(home, 'several.code-workspace');
  const folders = roots.map((root) =>
    /^\w+:/.test(root) ? { uri: root } : { path: path.join('workspace', root) },
  );
  writeFileSync(file, JSON.stringify({ folders }, undefined, 2));
  return file;
}

/** An extensions folder with what is in the shared one, and these. */
function extensionsWith(home: string, added: readonly string[]): string {
  const shared = inject('extensions');
  if (added.length === 0) return shared;
  const folder = path.join(home, 'extensions');
  mkdirSync(folder);
  const packed = readdirSync(shared, { withFileTypes: true }).filter((each) => each.isDirectory());
  for (const each of [...packed.map(({ name }) => path.join(shared, name)), ...added])
    symlinkSync(each, path.join(folder, path.basename(each)), 'dir');
  return folder;
}

/** Writes the files into a new folder and opens VS Code on it; resolves once VS Code can be used. */
export async function openWorkspace(options: WorkspaceOptions = {}): Promise<Code> {
  const { files = {}, settings = {}, open = [], trust = true, viewport } = options;
  const { roots, extensions: added = [], payload = [], serverOptions = [] } = options;
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-window-'));
  const folder = path.join(home, 'workspace');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  mkdirSync(folder, { recursive: true });
  const extensions = extensionsWith(home, added);
  const server = await startServer({
    // Whether a person trusts the folder is answered: VS Code asks no more.
    ...{ home, extensions, trust },
    settings: {
      ...(trust ? {} : { 'security.workspace.trust.startupPrompt': 'never' }),
      // VS Code's own agents run in a process of their own, and ask for an account again and again.
      'chat.disableAIFeatures': true,
      ...settings,
    },
    options: [...serverOptions, '--vscode-option', 'disable-websocket-compression'],
  });
  const target = roots ? { workspace: workspaceFile(home, roots) } : { folder };
  const browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
  const context: BrowserContext = await browser.newContext({
    viewport: viewport ?? { width: 1400, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    // Else the server compresses 20 MB of VS Code for each window, and the browser unpacks them.
    extraHTTPHeaders: { 'accept-encoding': 'identity' },
  });
  // The test's own time is the limit of every wait.
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const address = addressOf(server, target);
  const code = new Code(page, { folder, server, address, home, browser });
  opened.add(code);
  const opening = open.map((file) => ['openFile', code.path(file)] as const);
  await page.goto(addressOf(server, target, [...opening, ...payload]));
  await code.ready();
  // Its commands are in the palette from then on: a palette that is open would not get them.
  while (!code.log().includes('is active')) await page.waitForTimeout(100);
  for (const file of open)
    await page
      .getByRole('tab', { name: path.basename(file) })
      .first()
      .waitFor();
  return code;
}

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const code of opened) {
    const name = `failed-${task.name.replace(/\W+/g, '-')}`;
    const file = await code.screenshot(name).catch(() => undefined);
    const notices = await code.notifications().catch(() => []);
    console.error(
      [`"${task.name}" failed. VS Code then: ${file ?? '(no screenshot)'}`, ...notices].join('\n'),
    );
    const log = code.log().split('\n').slice(-30).join('\n');
    if (log) console.error(`The last lines of Glassbox's log:\n${log}`);
  }
});

afterAll(async () => {
  for (const code of [...opened]) await code.close();
});

export type { FrameLocator, Page };
export { Window };
