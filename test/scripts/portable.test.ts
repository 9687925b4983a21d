/**
 * The portable archive as people use it: unpacked somewhere, and run with an empty environment from
 * another folder through a link. What is unusual about a machine is played by what a machine can be
 * told: folders of libraries, and a `getconf` that says what an older system's would.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { packPortable, TARGET } from '../../scripts/packagePortable.mjs';
import { SWIFTSHADER, useSoftwareAdapter } from '../backend/softwareAdapter';
import { linesOf, SMALL } from '../endToEnd/programs';
import { testFolder, writeText } from '../train/runs';

useSoftwareAdapter();
const folder = testFolder();
const made = `${process.platform}-${process.arch}` === TARGET;

const onLinux = (): void => {
  const home = path.join(folder, 'home');
  const elsewhere = path.join(folder, 'where people work');
  const link = path.join(elsewhere, 'linked');
  let archive = '';
  let unpacked = '';

  beforeAll(async () => {
    for (const each of [home, elsewhere]) mkdirSync(each);
    archive = await packPortable(folder);
    const tar = spawnSync('tar', ['-xf', archive, '-C', home], { encoding: 'utf8' });
    expect(tar.stderr).toBe('');
    unpacked = path.join(home, path.basename(archive, '.tar.xz'));
    symlinkSync(path.join(unpacked, 'glassbox'), link);
  }, 300_000);

  interface Ended {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  }

  /** With nothing of this process's environment, and no `node` to be found. */
  function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const bare = { PATH: '/usr/bin:/bin', HOME: home, ...env };
      const child = spawn(command, args, { cwd: elsewhere, env: bare });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => (out += String(chunk)));
      child.stderr.on('data', (chunk) => (err += String(chunk)));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, err }));
    });
  }

  const glassbox = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    start(link, args, env);

  async function json(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): Promise<Record<string, unknown>[]> {
    const { code, out, err } = await glassbox([...args, '--json'], env);
    expect(code, err).toBe(0);
    return linesOf(out);
  }

  const gpu = async (env: NodeJS.ProcessEnv): Promise<unknown> =>
    (await json(['devices'], env)).find(({ backend }) => backend === 'webgpu');

  /** Where Vulkan finds the driver that the tests use, if not in a place that it knows. */
  const driver = (): NodeJS.ProcessEnv => {
    const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
    return {
      ...(VK_ICD_FILENAMES === undefined ? {} : { VK_ICD_FILENAMES }),
      ...(VK_DRIVER_FILES === undefined ? {} : { VK_DRIVER_FILES }),
    };
  };

  it('has at most 60 MiB, and nothing in it but what depends on the files', () => {
    expect(statSync(archive).size).toBeLessThanOrEqual(60 * 2 ** 20);
    const listed = spawnSync('tar', ['--full-time', '--utc', '-tvf', archive], {
      encoding: 'utf8',
    }).stdout;
    const entries = listed.trim().split('\n');
    const names = entries.map((entry) => entry.split(/\s+/).slice(5).join(' '));
    expect(names.length).toBeGreaterThan(40);
    for (const entry of entries) expect(entry).toMatch(/ 0\/0 +\d+ 1970-01-01 00:00:00 /);
    for (const name of names) expect(name).toMatch(/^glassbox-[\d.]+-linux-x64\//);
    expect(names.filter((name) => /\.(d\.ts|map|dll|dylib)$/.test(name))).toEqual([]);
  });

  it('names this machine nowhere, and the licences of all that it holds', () => {
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(unpacked, name))
      .filter((file) => statSync(file).isFile());
    const root = Buffer.from(path.resolve('.') + path.sep);
    expect(files.filter((file) => readFileSync(file).includes(root))).toEqual([]);
    const notices = readFileSync(path.join(unpacked, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
    for (const name of ['onnxruntime-node', 'webgpu', 'zod', 'Node\\.js', 'The Vulkan loader'])
      expect(notices).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it('trains and writes on the CPU', async () => {
    const out = path.join(elsewhere, 'run-cpu');
    const events = await json([
      ...['train', '--data', writeText(folder), '--out', out, '--steps', '3'],
      ...['--backend', 'onnx', ...SMALL],
    ]);
    expect(events.filter(({ kind }) => kind === 'train')).toHaveLength(3);
    const model = path.join(out, 'checkpoints', 'step-000003');
    const options = ['--prompt', 'The ', '--max-tokens', '3', '--temperature', '0'];
    const written = await glassbox(['generate', '--model', model, ...options]);
    expect(written.code, written.err).toBe(0);
    expect(written.out).toMatch(/^The /);
  });

  it('trains and writes on a GPU', async () => {
    const out = path.join(elsewhere, 'run-gpu');
    const train = ['train', '--data', writeText(folder), '--out', out, '--steps', '3'];
    const events = await json([...train, '--backend', 'webgpu', ...SMALL], driver());
    expect(events.filter(({ kind }) => kind === 'train')).toHaveLength(3);
    const model = path.join(out, 'checkpoints', 'step-000003');
    const options = ['--prompt', 'The ', '--max-tokens', '3', '--temperature', '0'];
    const write = (backend: string): Promise<Ended> =>
      glassbox(['generate', '--model', model, ...options, '--backend', backend], driver());
    const written = await write('webgpu');
    expect(written.code, written.err).toBe(0);
    expect(written.out).toBe((await write('onnx')).out);
    // On a software adapter that compiles some fifty kernels, one after the other.
  }, 240_000);

  it('holds the benchmark of the GPU, which prints its table last', async () => {
    const options = ['--quick', '--rows', '0', '--repeats', '1'];
    const { code, out, err } = await start(path.join(unpacked, 'gpu-bench'), options, driver());
    expect(code, out + err).toBe(0);
    expect(out).toContain('subgroupMatrixConfigs');
    expect(out).toContain('greedy tokens');
    const last = out.trim().split('\n').at(-1);
    expect(last).toMatch(/^\| f32 matmul 4096 \| [\d.]+ TFLOP\/s \| f32 \|/);
  }, 240_000);

  it("brings Vulkan's loader to a machine whose own can't be loaded", async () => {
    const libraries = path.join(folder, 'no loader');
    mkdirSync(libraries);
    writeFileSync(path.join(libraries, 'libvulkan.so.1'), 'no library');
    const env = { ...driver(), LD_LIBRARY_PATH: libraries };
    expect(await gpu(env)).toMatchObject({ available: true });
    const shell = '. "$here/vulkan/environment.sh"; echo "$LD_LIBRARY_PATH"';
    const run = (more: NodeJS.ProcessEnv): Promise<Ended> =>
      start('/bin/sh', ['-c', shell], { here: unpacked, ...driver(), ...more });
    expect((await run(env)).out).toBe(`${unpacked}/vulkan:${libraries}\n`);
    expect((await run({})).out).toBe('\n');
  });

  it("announces NVIDIA's driver to Vulkan where its file is missing", async () => {
    const libraries = path.join(folder, 'libraries');
    mkdirSync(libraries);
    const software = path.join(path.dirname(SWIFTSHADER), 'libvk_swiftshader.so');
    copyFileSync(software, path.join(libraries, 'libEGL_nvidia.so.0'));
    const env = { LD_LIBRARY_PATH: libraries };
    expect(await gpu(env)).toMatchObject({ available: true });
    const shell = '. "$here/vulkan/environment.sh"; echo "$VK_ICD_FILENAMES"';
    const run = (more: NodeJS.ProcessEnv): Promise<Ended> =>
      start('/bin/sh', ['-c', shell], { here: unpacked, ...more });
    const first = async (): Promise<string | undefined> => (await run(env)).out.split(/[:\n]/)[0];
    expect(await first()).toBe(`${unpacked}/vulkan/nvidia_egl_icd.json`);
    copyFileSync(software, path.join(libraries, 'libGLX_nvidia.so.0'));
    expect(await first()).toBe(`${unpacked}/vulkan/nvidia_glx_icd.json`);
    // What somebody has set stays.
    expect((await run({ ...env, VK_ICD_FILENAMES: 'mine.json' })).out).toBe('mine.json\n');
  });

  it('says so where the C library is too old', async () => {
    const programs = path.join(folder, 'old');
    mkdirSync(programs);
    const getconf = path.join(programs, 'getconf');
    writeFileSync(getconf, '#!/bin/sh\necho glibc 2.31\n');
    chmodSync(getconf, 0o755);
    const { code, out, err } = await glassbox(['devices'], { PATH: `${programs}:/usr/bin:/bin` });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('glibc 2.31');
    expect(err).toContain('Debian 12 or Ubuntu 22.04');
  });
};

if (made) describe('the portable archive', onLinux);
else
  it('says that the portable archive is made on Linux alone', async () => {
    await expect(packPortable(folder)).rejects.toThrow(TARGET);
  });
