export const target: string;
export function compile(): Promise<string>;
