// Installs packages of Debian, where tests need what npm does not have.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { run } from './project.mjs';

/** Debian, or one of its kin, and the right to install. */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Debian's packages, if this is Debian and we are root; else the caller goes on with what is there. */
export async function aptInstall(packages) {
  if (!canInstall()) return;
  const missing = [];
  for (const name of packages)
    if ((await run('dpkg', ['-s', name], { quiet: true })).code !== 0) missing.push(name);
  if (missing.length === 0) return;
  await aptUpdate();
  await aptInstallNow(missing);
}

/** Fetches anew which packages there are. `options` are apt-get's. */
export async function aptUpdate(options = []) {
  await run('apt-get', ['update', '-q', ...options], { quiet: true });
}

/** Installs, or brings up to date. `options` are apt-get's. */
export async function aptInstallNow(packages, options = []) {
  console.error(`Installing with apt-get: ${packages.join(', ')} ...`);
  const { code, output } = await run(
    'apt-get',
    ['install', '-y', '--no-install-recommends', ...options, ...packages],
    { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } },
  );
  if (code !== 0) throw new Error(`apt-get could not install them.\n${output}`);
}
