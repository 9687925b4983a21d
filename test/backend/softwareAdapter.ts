/**
 * Lets Dawn find a GPU for the tests: the machine's own where it has a Vulkan driver, else SwiftShader,
 * the software adapter inside of Debian's chromium, which the tests in VS Code need too. To be called
 * before the first adapter is asked for.
 */
import { existsSync, readdirSync } from 'node:fs';
import process from 'node:process';

const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

export function useSoftwareAdapter(): void {
  const { platform, env } = process;
  if (platform !== 'linux' || env['VK_ICD_FILENAMES'] || env['VK_DRIVER_FILES']) return;
  const driver = DRIVERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
  if (!driver && existsSync(SWIFTSHADER)) env['VK_ICD_FILENAMES'] = SWIFTSHADER;
}
