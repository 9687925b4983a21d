/**
 * Whether a run fits into the memory of a backend that has memory of its own, asked before anything is
 * allocated or written; and if not, or if it proves not to, with which batch it would. The samples' caches are not counted:
 * they are small beside a step.
 */
import { GlassboxError, hasCode } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Recipe } from '../../recipe/run';
import type { Backend, BackendMemory, MemoryNeeds, MemoryPlan } from '../backend/backend';
import { graphsOf } from './footprint';
import type { GraphsOptions } from './footprint';

/** States, the step, the update and the measurements: all are there at a time. */
export function needsOn(
  memory: MemoryPlan,
  config: ModelConfig,
  recipe: Recipe,
  how: GraphsOptions,
): MemoryNeeds {
  const { states, step, apply, measuring } = graphsOf(config, recipe, how);
  const all = [
    memory.statesNeed(states),
    ...[step, ...apply, measuring].map((graph) => memory.programNeeds(graph)),
  ];
  return {
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    largest: Math.max(...all.map(({ largest }) => largest)),
  };
}

export interface Room {
  /** That the run will take. */
  readonly bytes: number;
  /**
   * Throws what ended the run; where that is memory that was missing after all, as `checkRoom` would.
   * To be called when the run has freed what it held.
   */
  readonly rethrow: (thrown: unknown) => Promise<never>;
}

/**
 * Undefined where the backend's memory is the process's. Throws `backend-memory`, which names the batch
 * that would fit.
 */
export async function checkRoom(
  backend: Backend,
  config: ModelConfig,
  recipe: Recipe,
  trains: (parameter: string) => boolean,
): Promise<Room | undefined> {
  const { memory, precision } = backend;
  if (!memory) return undefined;
  const how = { trains, precision };
  const needs = needsOn(memory, config, recipe, how);
  const subject = { memory, adapter: backend.adapter, config, recipe, how };
  const why = await memory.refusal(needs);
  if (why !== undefined) throw await refusalOf(subject, needs, { why });
  return {
    bytes: needs.bytes,
    rethrow: async (thrown) => {
      // Of a GPU that is lost there is nothing to be known.
      if (!hasCode(thrown, 'backend-memory') || backend.lost) throw thrown;
      // Kernels that were found since, by trying them, may need more than was planned.
      const now = needsOn(memory, config, recipe, how);
      const reserve = Math.max(0, now.bytes - needs.bytes);
      const found = `not all of it was to be had. ${thrown.message.replace(/\.$/, '')}`;
      throw await refusalOf(subject, now, { why: found, reserve, cause: thrown });
    },
  };
}

interface Subject {
  readonly memory: BackendMemory;
  readonly adapter: string;
  readonly config: ModelConfig;
  readonly recipe: Recipe;
  readonly how: GraphsOptions;
}

/** `reserve`: bytes that a smaller batch must leave free. */
async function refusalOf(
  subject: Subject,
  needs: MemoryNeeds,
  { why, reserve = 0, cause }: { why: string; reserve?: number; cause?: unknown },
): Promise<GlassboxError> {
  const { batch } = subject.recipe.train;
  const fitting = await smallerBatch(subject, reserve);
  const remedy = fitting
    ? `A batch of ${fitting.batch} fits, for the same steps with train.batch=${fitting.batch} and train.accumulate=${fitting.accumulate}.`
    : 'No batch of these steps fits: choose a smaller model or context, or compute with --backend onnx, on the CPU.';
  return new GlassboxError(
    'backend-memory',
    `Training with batches of ${batch} takes ${gigabytes(needs.bytes)} of the memory of ${subject.adapter}, and ${why}.`,
    { remedy, details: { ...needs, batch, fitting: fitting?.batch }, cause },
  );
}

interface Division {
  readonly batch: number;
  readonly accumulate: number;
}

/** The largest batch, below the recipe's, that fits and makes the same steps. */
async function smallerBatch(
  { memory, config, recipe, how }: Subject,
  reserve: number,
): Promise<Division | undefined> {
  const { train } = recipe;
  const rows = train.batch * train.accumulate;
  const divisions: Division[] = [];
  for (let batch = 1; batch < train.batch; batch++)
    if (rows % batch === 0) divisions.push({ batch, accumulate: rows / batch });
  // Needs grow with the batch: where the fitting ones end is found by halving.
  let [fit, tooMany] = [-1, divisions.length];
  while (tooMany - fit > 1) {
    const middle = Math.floor((fit + tooMany) / 2);
    const tried = { ...recipe, train: { ...train, ...divisions[middle]! } };
    const { bytes, largest } = needsOn(memory, config, tried, how);
    if ((await memory.refusal({ bytes: bytes + reserve, largest })) === undefined) fit = middle;
    else tooMany = middle;
  }
  return divisions[fit];
}

const gigabytes = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
