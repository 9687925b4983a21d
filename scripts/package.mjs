// `npm run package -- --target linux-x64`: builds, and packs the extension for one platform into
// packages/. Several `--target`s make several; without one it is this machine's platform.
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildIfStale, installIfNeeded, within } from './project.mjs';

const { values } = parseArgs({ options: { target: { type: 'string', multiple: true } } });
await installIfNeeded();
const { TARGETS } = await import('./packageNode.mjs');
const targets = values.target ?? [`${process.platform}-${process.arch}`];
const unknown = targets.filter((target) => !TARGETS.includes(target));
if (unknown.length > 0) {
  console.error(`No package is made for ${unknown.join(', ')}. Choose of: ${TARGETS.join(', ')}.`);
  process.exit(1);
}
const built = await buildIfStale();
if (built !== 0) process.exit(built);

const { packVsix } = await import('./packageVsix.mjs');
const folder = within('packages');
mkdirSync(folder, { recursive: true });
for (const target of targets) {
  const vsix = await packVsix(target, folder);
  console.log(`${path.relative('.', vsix)}  ${(statSync(vsix).size / 1e6).toFixed(1)} MB`);
}
