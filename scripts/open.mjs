// Opens VS Code on a folder with the extension as it lies in dist/: the desktop's, if `code` is on the
// PATH, else VS Code in the browser, which is asked about before it is downloaded.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { pathToFileURL } from 'node:url';
import { cache, root, run } from './project.mjs';
import { INSTALL_SIZE, codeServerIsInstalled } from './vscodeInstall.mjs';
import { startServer } from './vscodeServer.mjs';

/** The same address every time, where it is free: the browser keeps what VS Code remembers by it. */
const PORT = 8950;

const isWindows = process.platform === 'win32';

const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && existsSync(path.join(folder, name)));

const freePort = (wanted) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });

async function openDesktop(folder, file) {
  console.error('Opening VS Code ...');
  const args = [`--extensionDevelopmentPath=${root}`, folder, ...(file ? [file] : [])];
  const { code } = isWindows
    ? await run('cmd.exe', ['/c', 'code', ...args])
    : await run('code', args);
  return code;
}

async function agrees() {
  const asks = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asks.question(
      `There is no \`code\` on the PATH. Install VS Code in the browser (code-server, from npm: ${INSTALL_SIZE})? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false; // Ctrl-C, or the input's end.
  } finally {
    asks.close();
  }
}

/** What the browser opens: the folder, and a file of it in an editor. */
export function addressOf(url, folder, file) {
  const query = new URLSearchParams({ folder });
  if (file) {
    const place = `vscode-remote://${new URL(url).host}${pathToFileURL(file).pathname}`;
    query.set('payload', JSON.stringify([['openFile', place]]));
  }
  return `${url}/?${query}`;
}

/**
 * Serves VS Code with dist/ in it until Ctrl-C; everything that was started ends then. With `file`
 * that one is open in an editor.
 */
export async function serveVsCode(folder, file) {
  const home = path.join(cache, 'browser');
  const extensions = path.join(home, 'extensions');
  rmSync(extensions, { recursive: true, force: true });
  mkdirSync(extensions, { recursive: true });
  symlinkSync(root, path.join(extensions, 'glassbox.glassbox'), 'dir');
  const stop = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
  });
  const server = await startServer({ home, port: await freePort(PORT) });
  console.log(`VS Code is at ${addressOf(server.url, folder, file)}`);
  console.error('Ctrl-C ends it.');
  await Promise.race([stop, server.exited]);
  await server.end();
  return 0;
}

/**
 * Opens the folder, and `file` (of it, absolute) in an editor. Resolves to an exit code; with VS Code
 * in the browser only once that has ended.
 */
export async function openVsCode(folder, { browser, file }) {
  if (onPath(isWindows ? 'code.cmd' : 'code') && !browser) return openDesktop(folder, file);
  if (isWindows) {
    console.error('To see this in VS Code, install it with its command `code`, and start again.');
    return 0;
  }
  if (!browser && !process.stdin.isTTY) {
    console.error(
      'To see this in VS Code: install VS Code with its command `code`, or `npm start -- --browser` for VS Code in the browser.',
    );
    return 0;
  }
  if (!browser && !(await codeServerIsInstalled()) && !(await agrees())) return 0;
  return serveVsCode(folder, file);
}
