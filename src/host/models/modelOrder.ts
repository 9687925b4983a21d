/** In which order models are shown, and which belong together: pure. */
import path from 'node:path';
import type { ModelSummary } from '../../protocol/catalogMessages';

/** Those trained here, the newest run and its newest checkpoint first; then those found, by name. */
export function inOrder(
  models: readonly ModelSummary[],
  startedOf: (run: string) => number | undefined,
): readonly ModelSummary[] {
  const rank = ({ run }: ModelSummary): number => (run && startedOf(run.folder)) ?? -Infinity;
  return [...models].sort(
    (a, b) =>
      compare(rank(b), rank(a)) ||
      compare(a.name, b.name) ||
      compare(b.run?.step ?? 0, a.run?.step ?? 0),
  );
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The models of an ordered list without the older checkpoints of runs. */
export function newestOf(models: readonly ModelSummary[]): readonly ModelSummary[] {
  const seen = new Set<string>();
  return models.filter(({ run }) => {
    if (!run) return true;
    const first = !seen.has(run.folder);
    seen.add(run.folder);
    return first;
  });
}

/** The older checkpoints of the run that the model is the newest of. */
export function olderThan(
  model: ModelSummary,
  models: readonly ModelSummary[],
): readonly ModelSummary[] {
  const { run } = model;
  if (!run) return [];
  return models.filter((other) => other.run?.folder === run.folder && other.run.step < run.step);
}

/** Whether a file or folder lies in one of the folders. */
export function liesIn(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const relative = path.relative(folder, file);
    return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  });
}
