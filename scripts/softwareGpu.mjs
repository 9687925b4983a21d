// What lets the tests of the webgpu backend run on a machine without a GPU: on Debian as root, the
// Vulkan loader, and Chromium, which brings SwiftShader, a Vulkan driver that computes on the CPU.
// test/backend/softwareAdapter.ts finds it there. Elsewhere the tests want a GPU of the machine's own.
import { aptInstall } from './aptInstall.mjs';

export async function installSoftwareGpu() {
  await aptInstall(['libvulkan1', 'chromium']);
}
