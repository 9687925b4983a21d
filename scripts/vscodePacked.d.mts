/** Types of vscodePacked.mjs, for the benchmarks. */
export interface Packed {
  readonly vsix: string;
  readonly extensions: string;
  readonly chromium: string;
}
export function installPacked(home: string): Promise<Packed>;
