// Once before the tests in a real VS Code: packs and installs the extension, for every window of this
// run.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installPacked } from '../../../scripts/vscodePacked.mjs';

export async function setup({ provide }) {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-vscode-'));
  const { vsix, extensions, chromium } = await installPacked(home);
  console.error(`Installed ${path.basename(vsix)} (${(statSync(vsix).size / 1e6).toFixed(1)} MB).`);
  provide('extensions', extensions);
  provide('vsix', vsix);
  provide('chromium', chromium);
  return () => rmSync(home, { recursive: true, force: true });
}
