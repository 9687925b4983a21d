// Installs packages of Debian, where tests need what npm does not have.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { run } from './project.mjs';

/** Debian's packages, if this is Debian and we are root; else the caller goes on with what is there. */
export async function aptInstall(packages) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) return;
  const missing = [];
  for (const name of packages)
    if ((await run('dpkg', ['-s', name], { quiet: true })).code !== 0) missing.push(name);
  if (missing.length === 0) return;
  console.error(`Installing with apt-get: ${missing.join(', ')} ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { quiet: true, env });
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const { code, output } = await run('apt-get', install, { quiet: true, env });
  if (code !== 0) throw new Error(`apt-get could not install them.\n${output}`);
}
