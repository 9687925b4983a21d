// Once before the tests in a real VS Code: builds, packs the extension, and installs the package into
// an extensions folder that every window of this run uses. What is missing of VS Code and Chromium
// is installed first.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pack } from '../../../scripts/packageStage.mjs';
import { buildIfStale } from '../../../scripts/project.mjs';
import { browser } from '../../../scripts/vscodeInstall.mjs';
import { installExtension } from '../../../scripts/vscodeServer.mjs';

export async function setup({ provide }) {
  if ((await buildIfStale()) !== 0) throw new Error('The build failed: there is nothing to test.');
  const chromium = await browser();
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-vscode-'));
  const vsix = await pack(`${process.platform}-${process.arch}`, home);
  const extensions = path.join(home, 'extensions');
  await installExtension(vsix, { home, extensions });
  console.error(`Installed ${path.basename(vsix)} (${(statSync(vsix).size / 1e6).toFixed(1)} MB).`);
  provide('extensions', extensions);
  provide('vsix', vsix);
  provide('chromium', chromium);
  return () => rmSync(home, { recursive: true, force: true });
}
