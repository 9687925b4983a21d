// The extension as people get it, for tests and benchmarks in a real VS Code: built, packed for this
// machine, and the package installed into an extensions folder below `home`. What is missing of
// VS Code and Chromium is installed first.
import path from 'node:path';
import process from 'node:process';
import { packVsix } from './packageVsix.mjs';
import { buildIfStale } from './project.mjs';
import { browser } from './vscodeInstall.mjs';
import { installExtension } from './vscodeServer.mjs';

/** `extensions`: the folder for `startServer`; `chromium`: the browser's program. */
export async function installPacked(home) {
  if ((await buildIfStale()) !== 0)
    throw new Error('The build failed: there is nothing to install.');
  const chromium = await browser();
  const vsix = await packVsix(`${process.platform}-${process.arch}`, home);
  const extensions = path.join(home, 'extensions');
  await installExtension(vsix, { home, extensions });
  return { vsix, extensions, chromium };
}
