/**
 * Whether a run fits into the memory of a backend that has memory of its own, asked before anything is
 * allocated or written; and if not, with which batch it would. The samples' caches are not counted:
 * they are small beside a step.
 */
import { GlassboxError } from '../../base/errors';
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

/**
 * Bytes that the run will take; undefined where the backend's memory is the process's. Throws
 * `backend-memory`, which names the batch that would fit.
 */
export async function checkRoom(
  { memory, adapter, precision }: Backend,
  config: ModelConfig,
  recipe: Recipe,
  trains: (parameter: string) => boolean,
): Promise<number | undefined> {
  if (!memory) return undefined;
  const how = { trains, precision };
  const needs = needsOn(memory, config, recipe, how);
  const why = await memory.refusal(needs);
  if (why === undefined) return needs.bytes;
  const { batch } = recipe.train;
  const fitting = await smallerBatch(memory, config, recipe, how);
  const remedy = fitting
    ? `A batch of ${fitting.batch} fits, for the same steps with train.batch=${fitting.batch} and train.accumulate=${fitting.accumulate}.`
    : 'No batch of these steps fits: choose a smaller model or context, or compute with --backend onnx, on the CPU.';
  throw new GlassboxError(
    'backend-memory',
    `Training with batches of ${batch} takes ${gigabytes(needs.bytes)} of the memory of ${adapter}, and ${why}.`,
    { remedy, details: { ...needs, batch, fitting: fitting?.batch } },
  );
}

interface Division {
  readonly batch: number;
  readonly accumulate: number;
}

/** The largest batch, below the recipe's, that fits and makes the same steps. */
async function smallerBatch(
  memory: BackendMemory,
  config: ModelConfig,
  recipe: Recipe,
  how: GraphsOptions,
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
    const needs = needsOn(memory, config, tried, how);
    if ((await memory.refusal(needs)) === undefined) fit = middle;
    else tooMany = middle;
  }
  return divisions[fit];
}

const gigabytes = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
