import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/globalSetup.mjs'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // onnxruntime is loaded once per process: forks keep its native state away from other files.
    pool: 'forks',
    maxWorkers: 2,
    allowOnly: false,
  },
});
