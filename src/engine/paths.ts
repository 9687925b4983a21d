/** Where the build puts what the engine needs, beside the bundle that runs. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineOptions } from './supervisor';

/** For a program that was started from the build: `engine.js` or `cli.js`. */
export function builtEngineOptions(): EngineOptions {
  const folder = path.dirname(fileURLToPath(import.meta.url));
  return {
    workerPath: path.join(folder, 'worker.js'),
    samplePath: path.join(folder, 'sample', 'moby-dick.txt'),
    runsFolder: path.join('.glassbox', 'runs'),
  };
}
