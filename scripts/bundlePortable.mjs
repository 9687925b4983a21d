// `npm run bundle:portable`: builds, and packs the command line with everything it needs into
// packages/glassbox-<version>-linux-x64.tar.xz.
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, installIfNeeded, within } from './project.mjs';

await installIfNeeded();
const built = await buildIfStale();
if (built !== 0) process.exit(built);

const { packPortable } = await import('./packagePortable.mjs');
const folder = within('packages');
mkdirSync(folder, { recursive: true });
try {
  const archive = await packPortable(folder);
  const size = (statSync(archive).size / 2 ** 20).toFixed(1);
  console.log(`${path.relative('.', archive)}  ${size} MiB`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
