// The tests in a real VS Code: the packed extension in code-server, driven in Chromium. Two files at a
// time: each has a whole VS Code for itself, and mostly waits for it; see test/vscode/README.md.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vscode/**/*.e2e.ts'],
    globalSetup: ['test/vscode/harness/globalSetup.mjs'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Nothing is asserted about how fast it is: polls wait as long as any other wait.
    expect: { poll: { timeout: 100_000, interval: 100 } },
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
  },
});
