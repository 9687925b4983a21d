/**
 * Where a run stands, from its folder alone: whoever asks need not have started it, and its process
 * may be another one or gone. Records are read from their ends, so that a run of any length is
 * summed up at once.
 */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../base/errors';
import { fileError, systemCodeOf } from '../../base/files';
import type { Recipe } from '../../recipe/run';
import { listCheckpoints, readBest } from './checkpoints';
import type { Checkpoint } from './checkpoints';
import { lockOwner } from '../../base/lock';
import { LOCK, RECIPE, readFailure, readRunRecipe } from './runFolder';
import { METRICS } from './runRecords';

/**
 * `running`: a live process owns it. `interrupted`: its process died. `stopped`: ended in order before
 * its last step. `failed`: ended by an error. `damaged`: something in the folder can't be read.
 */
export type RunState = 'running' | 'finished' | 'stopped' | 'interrupted' | 'failed' | 'damaged';

export interface RunSummary {
  readonly folder: string;
  readonly name: string;
  readonly state: RunState;
  /** Of the process that runs it. */
  readonly pid?: number;
  /** Why it failed, or what is damaged. */
  readonly problem?: string;
  /** The last step that was recorded, and the last that is wanted. */
  readonly step: number;
  readonly steps: number;
  readonly tokens: number;
  readonly loss?: number | null;
  readonly valLoss?: number | null;
  /** Oldest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** The step of the one with the lowest validation loss. */
  readonly best?: number;
  /** Unix milliseconds: when the recipe and when the records were last written. */
  readonly started: number;
  readonly updated: number;
}

/** The runs in a folder, by name; none where there is no such folder. Throws the file system's reason. */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'read', folder);
  });
  const folders = entries.filter((each) => each.isDirectory() && !each.name.startsWith('.'));
  const names = folders.map(({ name }) => name).sort();
  const all = await Promise.all(names.map((name) => summarizeRun(path.join(folder, name))));
  return all.filter((each) => each !== undefined);
}

/** Undefined for a folder that is no run, or not yet: it has no recipe. */
async function summarizeRun(folder: string): Promise<RunSummary | undefined> {
  const written = await stat(path.join(folder, RECIPE)).catch(() => undefined);
  if (!written) return undefined;
  const name = path.basename(folder);
  const times = { started: written.mtimeMs, updated: written.mtimeMs };
  try {
    const [recipe, records, checkpoints, best, owner, failure] = await Promise.all([
      readRunRecipe(folder),
      readLast(path.join(folder, METRICS)),
      listCheckpoints(path.join(folder, 'checkpoints')),
      readBest(path.join(folder, 'checkpoints')),
      lockOwner(path.join(folder, LOCK)),
      readFailure(folder),
    ]);
    const { train, evaluation } = records;
    const saved = checkpoints.at(-1)?.step ?? 0;
    const step = Math.max(train?.step ?? 0, saved);
    return {
      folder,
      name,
      state: stateOf({ owner, failed: failure !== undefined, saved, recipe }),
      ...(typeof owner === 'number' ? { pid: owner } : {}),
      ...(failure ? { problem: failure.message } : {}),
      step,
      steps: recipe.train.steps,
      tokens: train?.tokens ?? 0,
      ...(train ? { loss: train.loss } : {}),
      ...(evaluation ? { valLoss: evaluation.valLoss } : {}),
      checkpoints,
      ...(best ? { best: best.step } : {}),
      started: times.started,
      updated: records.updated ?? times.updated,
    };
  } catch (thrown) {
    const nothing = { step: 0, steps: 0, tokens: 0, checkpoints: [] };
    return { folder, name, state: 'damaged', problem: messageOf(thrown), ...nothing, ...times };
  }
}

function stateOf(known: {
  owner: number | 'gone' | undefined;
  failed: boolean;
  saved: number;
  recipe: Recipe;
}): RunState {
  if (typeof known.owner === 'number') return 'running';
  if (known.failed) return 'failed';
  if (known.saved >= known.recipe.train.steps) return 'finished';
  return known.owner === 'gone' ? 'interrupted' : 'stopped';
}

// --- The ends of records --------------------------------------------------------------------

const trainLine = z.object({
  kind: z.literal('train'),
  step: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  loss: z.number().nullable(),
});
const evaluationLine = z.object({ kind: z.literal('eval'), valLoss: z.number().nullable() });
const line = z.discriminatedUnion('kind', [trainLine, evaluationLine]);

interface Last {
  readonly train?: z.infer<typeof trainLine>;
  readonly evaluation?: z.infer<typeof evaluationLine>;
  readonly updated?: number;
}

/** What is read at a time from the end on: some three hundred lines. */
const PART_BYTES = 1 << 16;
/** Where the last measurement lies further back than this, it is left out. */
const MOST_PARTS = 4;

/** The last step and the last measurement in a metrics.jsonl, which may end within a line. */
async function readLast(file: string): Promise<Last> {
  const handle = await open(file).catch((thrown: unknown) => {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw fileError(thrown, 'read', file);
  });
  if (!handle) return {};
  try {
    const { size, mtimeMs } = await handle.stat();
    let last: Last = { updated: mtimeMs };
    let tail = Buffer.alloc(0);
    let end = size;
    for (let part = 0; part < MOST_PARTS && end > 0; part++) {
      const start = Math.max(0, end - PART_BYTES);
      const bytes = Buffer.alloc(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      const text = Buffer.concat([bytes, tail]);
      // Its first line may be half a one: it waits for the part before.
      const first = start === 0 ? 0 : text.indexOf(0x0a) + 1;
      tail = text.subarray(0, first);
      end = start;
      last = { ...lastOf(text.subarray(first).toString('utf8')), ...last };
      if (last.train && last.evaluation) break;
    }
    return last;
  } finally {
    await handle.close();
  }
}

function lastOf(text: string): Last {
  let last: Last = {};
  for (const each of text.split('\n').reverse()) {
    // Thousands of lines may stand behind the last measurement: only what is wanted is parsed.
    if (!last.train && each.startsWith('{"kind":"train"')) last = { ...readLine(each), ...last };
    if (!last.evaluation && each.startsWith('{"kind":"eval"'))
      last = { ...readLine(each), ...last };
    if (last.train && last.evaluation) break;
  }
  return last;
}

function readLine(text: string): Last {
  try {
    const read = line.parse(JSON.parse(text));
    return read.kind === 'train' ? { train: read } : { evaluation: read };
  } catch {
    // What a killed writer left of a line.
    return {};
  }
}
