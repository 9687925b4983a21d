// One archive with everything that Glassbox's command line needs, for a Linux machine on which nothing
// can be installed: the programs, Node, onnxruntime, Dawn, and Vulkan's loader for where there is none
// (portable/environment.sh says when it is used). The same files give the same bytes.
import esbuild from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { aptInstall } from './aptInstall.mjs';
import { bundleOptions } from './bundle.mjs';
import { copy, stage } from './packageStage.mjs';
import { run, within } from './project.mjs';

export const TARGET = 'linux-x64';

const FILES = [
  ...['LICENSE', 'docs/cli.md', 'docs/models.md', 'docs/portable.md', 'docs/recipes.md'],
  ...['dist/cli.js', 'dist/worker.js', 'dist/recipe.schema.json', 'dist/sample'],
  // PyTorch's side of gpu-bench.
  ...['bench/python/gpu_peer.py', 'bench/python/training_peer.py'],
];

/** From scripts/portable; the rest of it lies beside Vulkan's loader. */
const PROGRAMS = ['glassbox', 'gpu-bench'];
const BESIDE_LOADER = ['environment.sh', 'nvidia_glx_icd.json', 'nvidia_egl_icd.json'];

const LOADER = '/usr/lib/x86_64-linux-gnu/libvulkan.so.1';
const LOADER_LICENSE = '/usr/share/doc/libvulkan1/copyright';

/**
 * A dictionary of 2 MB and blocks that two threads compress side by side, however many there are: half
 * a minute of processor time instead of two for the smallest, which would be an eighth smaller.
 */
const XZ = 'xz --threads=2 --x86 --lzma2=preset=2';

async function must(command, args, why) {
  const { code, output } = await run(command, args, { quiet: true }).catch((cause) => ({
    code: 1,
    output: cause.message,
  }));
  if (code !== 0) throw new Error(`${why}\n${output}`.trim());
}

async function needs() {
  const here = `${process.platform}-${process.arch}`;
  if (here !== TARGET)
    throw new Error(
      `The portable archive is for ${TARGET} and is made there: it takes Vulkan's loader from the ` +
        `system. This is ${here}.`,
    );
  await aptInstall(['libvulkan1', 'xz-utils', 'binutils']);
  for (const file of [LOADER, LOADER_LICENSE])
    if (!existsSync(file))
      throw new Error(`${file} is missing. Install libvulkan1 of Debian or Ubuntu.`);
  await must('xz', ['--version'], 'The archive is compressed by xz, which is not to be found.');
  await must('tar', ['--sort=name', '--version'], "The archive is made by GNU's tar.");
  await must('strip', ['--version'], 'Symbols are taken out by strip (binutils).');
}

/** Fills `folder` (made anew) with what the archive holds. Needs a built dist/. */
export async function stagePortable(folder) {
  await needs();
  const license = readFileSync(LOADER_LICENSE, 'utf8').trim();
  await stage(TARGET, folder, FILES, [`The Vulkan loader (vulkan/libvulkan.so.1)\n\n${license}`]);
  const portable = (name) => within('scripts', 'portable', name);
  for (const name of PROGRAMS) copy(portable(name), path.join(folder, name));
  await esbuild.build({
    ...bundleOptions,
    sourcemap: false,
    entryPoints: ['bench/gpu.ts'],
    outfile: path.join(folder, 'dist', 'gpu-bench.js'),
  });
  const vulkan = path.join(folder, 'vulkan');
  mkdirSync(vulkan);
  for (const name of BESIDE_LOADER) copy(portable(name), path.join(vulkan, name));
  // What the link points to, under the name by which it is loaded.
  copyFileSync(LOADER, path.join(vulkan, path.basename(LOADER)));
  for (const file of ['node/bin/node', `dist/node_modules/webgpu/dist/${TARGET}/dawn.node`])
    await must('strip', [path.join(folder, file)], `${file} can't be stripped of its symbols.`);
}

/** Stages and packs; resolves to the path of the archive in `folder`. */
export async function packPortable(folder) {
  const { name, version } = JSON.parse(readFileSync(within('package.json'), 'utf8'));
  const inside = `${name}-${version}-${TARGET}`;
  const work = path.join(folder, `stage-portable-${process.pid}`);
  const archive = path.join(folder, `${inside}.tar.xz`);
  try {
    await stagePortable(path.join(work, inside));
    const partial = path.join(work, 'archive');
    const settled = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
    const how = ['--format=ustar', '--mode=u=rwX,go=rX', `--use-compress-program=${XZ}`];
    const args = ['--create', ...settled, ...how, '--file', partial, '--directory', work, inside];
    await must('tar', args, 'tar could not make the archive.');
    renameSync(partial, archive);
    return archive;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
