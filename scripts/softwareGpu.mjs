// What lets the tests of the webgpu backend run on a machine without a GPU: on Debian as root, the
// Vulkan loader; Chromium, which brings SwiftShader, a Vulkan driver that computes on the CPU; and
// Mesa's lavapipe, another one, which has half floats. test/backend/softwareAdapter.ts finds them there.
// Elsewhere the tests want a GPU of the machine's own.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aptInstall, aptInstallNow, aptUpdate, canInstall } from './aptInstall.mjs';
import { run } from './project.mjs';

const MESA = 'mesa-vulkan-drivers';
/** Dawn refuses the lavapipe of older ones. */
const OLDEST_MESA = 24;

export async function installSoftwareGpu() {
  await aptInstall(['libvulkan1', 'chromium']);
  if (!canInstall() || isRecent(await installedMesa())) return;
  await aptUpdate();
  if (isRecent(await offeredMesa())) await aptInstallNow([MESA]);
  else await installFromBackports();
}

const isRecent = (version) => Number.parseInt(version, 10) >= OLDEST_MESA;

async function installedMesa() {
  const query = ['-W', '-f', '${db:Status-Status} ${Version}', MESA];
  const { code, output } = await run('dpkg-query', query, { quiet: true });
  return code === 0 && output.startsWith('installed ') ? output.slice('installed '.length) : '';
}

async function offeredMesa() {
  const { output } = await run('apt-cache', ['policy', MESA], { quiet: true });
  return /Candidate: (\S+)/.exec(output)?.[1] ?? '';
}

/** Debian 12 has a recent Mesa in its backports, on the mirror that the machine's own sources name. */
async function installFromBackports() {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)';
  const { output } = await run('apt-get', ['indextargets', '--format', format], { quiet: true });
  const sources = output.split('\n').map((line) => line.trim().split(' '));
  const mirror = sources.find(([, suite, part]) => suite === codename && part === 'main')?.[0];
  if (!mirror) return;
  const suite = `${codename}-backports`;
  if (sources.some(([, known]) => known === suite)) {
    await aptInstallNow([MESA], ['-t', suite]);
    return;
  }
  // Beside the machine's own sources, for these two commands alone.
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-sources-'));
  try {
    const known = '/etc/apt/sources.list.d';
    if (existsSync(known)) cpSync(known, folder, { recursive: true });
    writeFileSync(path.join(folder, `${suite}.list`), `deb ${mirror} ${suite} main\n`);
    const withBackports = ['-o', `Dir::Etc::sourceparts=${folder}`];
    await aptUpdate(withBackports);
    await aptInstallNow([MESA], ['-t', suite, ...withBackports]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
