// The tests in a real VS Code: the packed extension in code-server, driven in Chromium. One file
// after the other, since each has a whole VS Code for itself; see test/vscode/README.md.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vscode/**/*.e2e.ts'],
    globalSetup: ['test/vscode/harness/globalSetup.mjs'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    retry: 0,
    allowOnly: false,
  },
});
