/** Types of vscodeInstall.mjs, for the benchmarks. */
export function browser(): Promise<string>;
