// Lays out in a folder what one platform's package contains: what .vscodeignore lets through, a
// manifest without what only development needs, the modules that stay outside of the bundles (in
// dist/node_modules, where dist/engine.js finds them), and a Node to run the engine.
import { createVSIX, listFiles } from '@vscode/vsce';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fetchNode } from './packageNode.mjs';
import { thirdPartyNotices } from './packageNotices.mjs';
import { root, within } from './project.mjs';

const DEVELOPMENT = [
  'allowScripts',
  'bin',
  'dependencies',
  'devDependencies',
  'prettier',
  'private',
  'scripts',
];

/** What is taken of each module that the bundles leave outside (scripts/bundle.mjs). */
const outside = (platform, arch) => ({
  'onnxruntime-node': ['package.json', 'dist', `bin/napi-v6/${platform}/${arch}`],
  'onnxruntime-common': ['package.json', 'dist/cjs'],
  webgpu: [
    ...['package.json', 'LICENSE.md', 'index.js'],
    `dist/${platform === 'darwin' ? 'darwin-universal' : `${platform}-${arch}`}`,
  ],
  'gpt-tokenizer': ['package.json', 'LICENSE', 'esm/package.json', 'esm/bpeRanks'],
});

/** Among them a second copy of macOS's library, under a name that its binding doesn't load. */
const unneeded = (file) => /\.(d\.ts|map|\d+\.\d+\.\d+\.dylib)$/.test(file);

function copy(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, filter: (file) => !unneeded(file) });
}

function stageManifest(folder) {
  const manifest = JSON.parse(readFileSync(within('package.json'), 'utf8'));
  for (const key of DEVELOPMENT) delete manifest[key];
  // What npm asks of a Node is not what VS Code asks of itself.
  manifest.engines = { vscode: manifest.engines.vscode };
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/**
 * VS Code shows the README of an installed extension without its folder, and of pictures only those at
 * an https address. With a `repository` in the manifest vsce makes such addresses of the README's own
 * paths; until there is one, pictures are left out, and links to files become plain words.
 */
function stageReadme(folder) {
  const text = readFileSync(within('README.md'), 'utf8')
    .replace(/!\[[^\]]*\]\((?!\w+:)[^)]*\)\n\n/g, '')
    .replace(/\[([^\]]*)\]\((?!\w+:|#)[^)]*\)/g, '$1');
  writeFileSync(path.join(folder, 'README.md'), text);
}

/** On Windows no file is executable, and the packed Node would not start elsewhere. */
function refuseWindows(target) {
  if (process.platform !== 'win32' || target.startsWith('win32')) return;
  throw new Error(
    `A package for ${target} can't be made on Windows, which keeps no executable bit: ` +
      'make it on Linux or macOS.',
  );
}

/** Fills `folder` (made anew) and resolves to the manifest. Needs a built dist/. */
export async function stage(target, folder) {
  refuseWindows(target);
  const dash = target.lastIndexOf('-');
  const modules = outside(target.slice(0, dash), target.slice(dash + 1));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of await listFiles({ cwd: root, dependencies: false }))
    copy(within(file), path.join(folder, file));
  const manifest = stageManifest(folder);
  if (!manifest.repository) stageReadme(folder);

  for (const [name, parts] of Object.entries(modules))
    for (const part of parts) {
      const from = within('node_modules', name, part);
      if (!existsSync(from))
        throw new Error(`${name} has no ${part}: it can't be packed for ${target}.`);
      copy(from, path.join(folder, 'dist', 'node_modules', name, part));
    }

  const { binary, license, version } = await fetchNode(target);
  // Where src/host/engine looks for it.
  const inside = target.startsWith('win32') ? ['node.exe'] : ['bin', 'node'];
  const runtime = path.join(folder, 'node', ...inside);
  mkdirSync(path.dirname(runtime), { recursive: true });
  copyFileSync(binary, runtime);
  chmodSync(runtime, 0o755);
  copyFileSync(license, path.join(folder, 'node', 'LICENSE'));

  const node = `Node.js ${version} (node/), with a licence of its own: node/LICENSE`;
  // An empty one tells vsce that everything here is meant.
  writeFileSync(path.join(folder, '.vscodeignore'), '');
  const notices = thirdPartyNotices(Object.keys(modules), [node]);
  writeFileSync(path.join(folder, 'THIRD_PARTY_NOTICES.txt'), notices);
  return manifest;
}

/** Stages and packs; resolves to the path of the VSIX in `folder`. */
export async function pack(target, folder) {
  const staged = path.join(folder, `stage-${target}`);
  try {
    const { name, version, repository } = await stage(target, staged);
    const vsix = path.join(folder, `${name}-${version}-${target}.vsix`);
    await createVSIX({
      cwd: staged,
      target,
      packagePath: vsix,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: Boolean(repository),
      skipLicense: true,
    });
    return vsix;
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}
