/** Types of bundle.mjs, for the tests. */
import type { BuildOptions } from 'esbuild';
export const bundleOptions: BuildOptions;
