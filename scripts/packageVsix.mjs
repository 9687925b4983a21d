// The extension's package for one platform: what .vscodeignore lets through, and a manifest without
// what only development needs.
import { createVSIX, listFiles } from '@vscode/vsce';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stage } from './packageStage.mjs';
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

/** Stages and packs; resolves to the path of the VSIX in `folder`. */
export async function packVsix(target, folder) {
  const staged = path.join(folder, `stage-${target}`);
  try {
    await stage(target, staged, await listFiles({ cwd: root, dependencies: false }));
    const { name, version, repository } = stageManifest(staged);
    if (!repository) stageReadme(staged);
    // An empty one tells vsce that everything here is meant.
    writeFileSync(path.join(staged, '.vscodeignore'), '');
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
