// The tests in a real VS Code: the packed extension in code-server, driven in Chromium. Two files at a
// time: each has a whole VS Code for itself, and mostly waits for it; see test/vscode/README.md.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vscode/**/*.e2e.ts'],
    globalSetup: ['test/vscode/harness/globalSetup.mjs'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
  },
});
