/** Whether two tabs would show the same runs, whatever their order. */
export function sameRuns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((folder) => b.includes(folder));
}
