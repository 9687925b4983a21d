/**
 * Lets Dawn find a GPU for the tests: the machine's own, else a software adapter that `npm test`
 * installs (scripts/softwareGpu.mjs): SwiftShader, which has no half floats, or, for those, lavapipe.
 * To be called before the first adapter is asked for, since a process has one Vulkan for its life.
 *
 * Vulkan drivers in the usual folders say nothing of the hardware: Mesa's package has one for each GPU
 * that there might be. So a GPU is what the system has a device of.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { Backend } from '../../src/engine/backend/backend';

const GPUS = ['/dev/nvidia0', '/dev/kfd', '/dev/dri/renderD128', '/dev/dxg'];
/** Made for Vulkan; beside it lies the driver that it names, `libvk_swiftshader.so`. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const DRIVERS = '/usr/share/vulkan/icd.d';

export function useSoftwareAdapter(): void {
  use(existsSync(SWIFTSHADER) ? SWIFTSHADER : undefined);
}

/** One that computes in half floats. */
export function useHalfFloatAdapter(): void {
  const files = existsSync(DRIVERS) ? readdirSync(DRIVERS) : [];
  const lavapipe = files.find((name) => /^lvp_icd.*\.json$/.test(name));
  // Its compiler takes a third longer to optimize than it then gains.
  process.env['GALLIVM_PERF'] ??= 'nopt';
  use(lavapipe === undefined ? undefined : path.join(DRIVERS, lavapipe));
}

/** Whether a backend computes on no GPU but on what stands in for one. */
export function isSoftware({ adapter }: Pick<Backend, 'adapter'>): boolean {
  return /swiftshader|llvmpipe|lavapipe/i.test(adapter);
}

function use(driver: string | undefined): void {
  const { platform, env } = process;
  if (platform !== 'linux' || env['VK_ICD_FILENAMES'] || env['VK_DRIVER_FILES']) return;
  if (driver !== undefined && !GPUS.some((device) => existsSync(device)))
    env['VK_ICD_FILENAMES'] = driver;
}
