// Starts code-server, VS Code in the browser, on 127.0.0.1, and ends it with everything below it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { codeServer } from './vscodeInstall.mjs';
import { run } from './project.mjs';

const SETTINGS = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.commandCenter.enabled': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  // It reads what every process of the machine has open, again and again, and tells of servers that
  // have nothing to do with this one.
  'remote.autoForwardPorts': false,
};

/** Where a server that keeps its data in `home` lies; `extensions` may be shared. */
const foldersOf = (home, extensions) => ({
  userData: path.join(home, 'user-data'),
  extensions: extensions ?? path.join(home, 'extensions'),
  config: path.join(home, 'config.yaml'),
});

function environment(home) {
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
  };
  // What a VS Code, or vitest, around us has set is not meant for this one.
  for (const name of Object.keys(env))
    if (/^(VSCODE_|VITEST|NODE_ENV$)/.test(name)) delete env[name];
  return env;
}

async function launch(home, extensions, args) {
  const { node, entry } = await codeServer();
  const { userData, config } = foldersOf(home, extensions);
  mkdirSync(userData, { recursive: true });
  mkdirSync(foldersOf(home, extensions).extensions, { recursive: true });
  if (!existsSync(config)) writeFileSync(config, '');
  const fixed = ['--config', config, '--user-data-dir', userData];
  fixed.push('--extensions-dir', foldersOf(home, extensions).extensions);
  return { command: node, args: [entry, ...fixed, ...args] };
}

/** Installs a VSIX into the extensions folder. */
export async function installExtension(vsix, { home, extensions }) {
  const { command, args } = await launch(home, extensions, ['--install-extension', vsix]);
  const { code, output } = await run(command, args, { quiet: true, env: environment(home) });
  if (code !== 0 || !/successfully installed/.test(output))
    throw new Error(`${path.basename(vsix)} could not be installed.\n${output}`);
}

/** Every process below `pid`: its children, theirs, and so on. Linux and macOS. */
export async function descendants(pid) {
  const { output } = await run('ps', ['-ww', '-eo', 'pid=,ppid=,args='], { quiet: true });
  const all = output.split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return found ? [{ pid: Number(found[1]), parent: Number(found[2]), command: found[3] }] : [];
  });
  const below = (parent) =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)]);
  return below(pid);
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const kill = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

/** Ends a process and all below it: asks, waits up to `patience` ms, then insists. */
export async function endTree(pid, patience = 8000) {
  const pids = [pid, ...(await descendants(pid)).map((each) => each.pid)];
  kill(pid, 'SIGTERM');
  const deadline = performance.now() + patience;
  while (pids.some(isAlive) && performance.now() < deadline) await setTimeout(50);
  for (const each of pids) kill(each, 'SIGKILL');
  // The system takes a moment to end them.
  const gone = performance.now() + 2000;
  while (pids.some(isAlive) && performance.now() < gone) await setTimeout(10);
}

/**
 * Starts a server. `home` holds its data; `extensions` another extensions folder than the one in
 * there; `settings` are added to the user's settings; with `trust: false` a workspace is not trusted
 * until somebody says so. Resolves to `{url, pid, userData, end, exited}` once it answers; `end` waits
 * as long as `endTree`.
 */
export async function startServer({
  home,
  extensions,
  settings = {},
  trust = true,
  port = 0,
  options = [],
}) {
  const { userData } = foldersOf(home, extensions);
  const userSettings = path.join(userData, 'User', 'settings.json');
  // The one that VS Code notices changes of, when others than itself make them.
  const settingsFile = path.join(userData, 'Machine', 'settings.json');
  for (const [file, content] of [
    [userSettings, { ...SETTINGS, ...settings }],
    [settingsFile, {}],
  ]) {
    mkdirSync(path.dirname(file), { recursive: true });
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(content, undefined, 2));
  }
  const { command, args } = await launch(home, extensions, [
    ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry'],
    ...['--disable-update-check', '--disable-getting-started-override'],
    ...(trust ? ['--disable-workspace-trust'] : []),
    ...options,
  ]);
  // A process group of its own: a Ctrl-C in the terminal is ours to pass on, in the right order.
  const child = spawn(command, args, {
    env: environment(home),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk) => {
      output += chunk;
      const found = /HTTP server listening on (http:\S+?)\/?\s/.exec(output);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    void exited.then((code) => reject(new Error(`code-server ended (${code}).\n${output}`)));
  });
  const end = async (patience) => {
    await endTree(child.pid, patience);
    await exited;
  };
  return { url, pid: child.pid, userData, settingsFile, end, exited };
}

/** The newest text of the extension's own log, for error messages of tests. */
export function readLogs(userData, name) {
  const logs = path.join(userData, 'logs');
  if (!existsSync(logs)) return '';
  return readdirSync(logs, { recursive: true })
    .filter((file) => file.includes(name) && file.endsWith('.log'))
    .map((file) => readFileSync(path.join(logs, file), 'utf8'))
    .join('\n');
}
