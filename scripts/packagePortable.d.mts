/** Types of packagePortable.mjs, for its test. */
export const TARGET: string;
export function packPortable(folder: string): Promise<string>;
