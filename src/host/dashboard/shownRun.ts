/** A run as its page is told of it. Pure. */
import path from 'node:path';
import type { ShownRun } from '../../protocol/runSurface';
import { isExtendable, isResumable } from '../runs/runView';
import type { RunView } from '../runs/runView';

export interface Surroundings {
  /** Where the page can fetch the folder's files from; ends with a slash. */
  readonly files: string;
  /** Parameters of the run's model, as a catalog of models knows them. */
  readonly parameters: number | undefined;
  /** Bytes of the engine's process. */
  readonly memory: number | undefined;
}

export function shownRun(
  folder: string,
  view: RunView | undefined,
  { files, parameters, memory }: Surroundings,
): ShownRun {
  if (!view)
    return {
      ...{ folder, name: path.basename(folder), state: 'missing', files },
      ...{ resumable: false, extendable: false },
      ...{ step: 0, steps: 0, tokens: 0, checkpoints: [], started: 0, updated: 0 },
    };
  const { live, ...summary } = view;
  const known = live?.parameters ?? parameters;
  return {
    ...summary,
    files,
    resumable: isResumable(view),
    extendable: isExtendable(view),
    ...(known === undefined ? {} : { parameters: known }),
    ...(live
      ? {
          live: {
            backend: live.backend,
            precision: live.precision,
            tokensPerSecond: live.tokensPerSecond,
            ...(live.secondsLeft === undefined ? {} : { secondsLeft: live.secondsLeft }),
            ...(live.memory === undefined ? {} : { gpuMemory: live.memory }),
            ...(live.note === undefined ? {} : { note: live.note }),
            ...(memory === undefined ? {} : { memory }),
          },
        }
      : {}),
  };
}

/** The tab's title. */
export function titleOf(folders: readonly string[], several: (count: number) => string): string {
  const names = folders.map((folder) => path.basename(folder));
  return names.length > 2 ? several(names.length) : names.join(', ');
}
