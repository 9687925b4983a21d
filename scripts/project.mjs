// What the other scripts share. Imports nothing but Node: `npm start` and `npm test` run it in a
// fresh clone, before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const dist = path.join(root, 'dist');
export const within = (...parts) => path.join(root, ...parts);
/** What is fetched once for every checkout: Node for the packages, VS Code for the tests. */
export const cache = path.join(
  process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'),
  'glassbox',
);

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Runs a command in the repository and resolves to `{code, output}`. With `quiet` the output is
 * collected instead of shown. Ctrl-C reaches the child through the terminal; this process waits for
 * the child to end in its own way.
 */
export function run(command, args, { quiet = false, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    const wait = () => undefined;
    process.on('SIGINT', wait);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', wait);
      const interrupted = signal === 'SIGINT' ? 130 : 1;
      resolve({ code: code ?? interrupted, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** Runs a JavaScript file with the Node that runs this one. */
export const node = (args, options) => run(process.execPath, args, options);

/**
 * Runs npm: the one that runs this script, if one does, else the one on the PATH. With `on`, the
 * first runs on that Node, which install scripts are then told of.
 */
export function npm(args, { on = process.execPath, ...options } = {}) {
  const current = process.env.npm_execpath;
  if (current && /npm-cli\.c?js$/.test(current)) return run(on, [current, ...args], options);
  return process.platform === 'win32'
    ? run('cmd.exe', ['/c', 'npm', ...args], options)
    : run('npm', args, options);
}

/** Installs what package-lock.json names, unless the last install was complete and is newer. */
export async function installIfNeeded() {
  const installed = within('node_modules', '.package-lock.json');
  if (modified(installed) > 0 && modified(installed) >= modified(within('package-lock.json')))
    return;
  console.error('Installing dependencies (npm ci) ...');
  // What onnxruntime-node's install script fetches are CUDA libraries; the CPU's come in the package.
  const env = { ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { code } = await npm(['ci', '--include=dev', '--no-audit', '--no-fund'], { env });
  if (code !== 0) {
    console.error('The install failed. Is there a network, and does `npm ping` answer?');
    process.exit(code);
  }
}

/** The newest change below a file or folder; folders count, so that a deletion is seen too. */
export function newest(file) {
  const own = modified(file);
  if (!existsSync(file) || !statSync(file).isDirectory()) return own;
  return readdirSync(file).reduce((top, name) => Math.max(top, newest(path.join(file, name))), own);
}

/** What the build reads: when none of it is newer than the stamp, there is nothing to do. */
export const buildInputs = ['src', 'webview', 'scripts', 'package.json', 'package-lock.json'];
export const buildStamp = path.join(dist, '.built');

export function buildIsStale() {
  const built = modified(buildStamp);
  return built === 0 || buildInputs.some((input) => newest(within(input)) > built);
}

/** Builds in a process of its own: the build needs what only the install brings. */
export async function buildIfStale() {
  if (!buildIsStale()) return 0;
  return (await node([within('scripts', 'build.mjs')])).code;
}
