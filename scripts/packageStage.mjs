// Lays out in a folder what every package of one platform contains: files of the repository, the
// modules that stay outside of the bundles (in dist/node_modules, where the bundles find them), a Node
// to run them, and the licences of what others wrote. What is the package's own: packageVsix.mjs and
// packagePortable.mjs.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fetchNode } from './packageNode.mjs';
import { thirdPartyNotices } from './packageNotices.mjs';
import { within } from './project.mjs';

/** What is taken of each module that the bundles leave outside (scripts/bundle.mjs). */
const outside = (platform, arch) => ({
  'onnxruntime-node': ['package.json', 'dist', `bin/napi-v6/${platform}/${arch}`],
  'onnxruntime-common': ['package.json', 'dist/cjs'],
  webgpu: [
    ...['package.json', 'LICENSE.md', 'index.js'],
    `dist/${platform === 'darwin' ? 'darwin-universal' : `${platform}-${arch}`}`,
  ],
  'gpt-tokenizer': ['package.json', 'LICENSE', 'esm/package.json', 'esm/bpeRanks'],
  '@jitl/quickjs-singlefile-cjs-release-sync': ['package.json', 'LICENSE', 'dist/index.js'],
  'fasttext.wasm.js': [
    ...['package.json', 'LICENSE', 'dist/main/node.cjs'],
    ...['dist/FastText.cjs', 'dist/FastTextModel.cjs', 'dist/constants.cjs'],
    ...['dist/helpers/modules/index.cjs', 'dist/helpers/modules/node.cjs'],
    ...['dist/core/fastText.node.js', 'dist/core/fastText.node.wasm'],
    ...['base.cjs', 'node.cjs', 'assets/languages.json.cjs', 'assets/lid.176.ftz'].map(
      (file) => `dist/models/language-identification/${file}`,
    ),
  ],
});

/** Among them a second copy of macOS's library, under a name that its binding doesn't load. */
const unneeded = (file) => /\.(d\.ts|map|\d+\.\d+\.\d+\.dylib)$/.test(file);

export function copy(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, filter: (file) => !unneeded(file) });
}

/** On Windows no file is executable, and the packed Node would not start elsewhere. */
function refuseWindows(target) {
  if (process.platform !== 'win32' || target.startsWith('win32')) return;
  throw new Error(
    `A package for ${target} can't be made on Windows, which keeps no executable bit: ` +
      'make it on Linux or macOS.',
  );
}

/**
 * Fills `folder` (made anew) with `files`, paths in the repository, and what else every package has.
 * `notices` are those of what the package adds. Needs a built dist/.
 */
export async function stage(target, folder, files, notices = []) {
  refuseWindows(target);
  const dash = target.lastIndexOf('-');
  const modules = outside(target.slice(0, dash), target.slice(dash + 1));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) copy(within(file), path.join(folder, file));

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
  const model =
    "lid.176.ftz, fastText's model for language identification (Joulin et al., 2016; fasttext.cc), " +
    'unchanged: Creative Commons Attribution-ShareAlike 3.0, ' +
    'https://creativecommons.org/licenses/by-sa/3.0/';
  writeFileSync(
    path.join(folder, 'THIRD_PARTY_NOTICES.txt'),
    thirdPartyNotices(Object.keys(modules), [node, model, ...notices]),
  );
}
