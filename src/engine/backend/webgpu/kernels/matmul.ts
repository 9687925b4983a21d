/**
 * Matrix products, `scale * op(a) @ op(b) [+ bias] [+ residual]`: which kernel computes one of which
 * shape. All forms (transposed, batched, broadcast) are read as they lie, none is copied.
 *
 * - `plain`: a lane for each number of the result, where there is next to nothing to compute.
 * - `row`: one to eight rows by a weight [columns, inner], as in decoding. Bound by the weight's bytes.
 * - `tile`: square tiles of the result, 128, 64 or 32 wide, kept in registers. Bound by arithmetic.
 * - `tile` in parts: where the tiles alone are too few to fill a GPU (the gradient of a weight: few
 *   outputs, thousands of tokens between them), each is computed by several workgroups, along the
 *   inner axis, and a second kernel adds up their parts, in the same order always.
 *
 * The choice is an estimate from the shape alone, for a GPU of about 128 cores; a smaller one, which
 * fewer workgroups fill, pays for some parts that it needn't have. Half floats and matrix units aren't
 * used.
 */
import { GlassboxError } from '../../../../base/errors';
import { sizeOf } from '../../../graph/graph';
import type { Shape } from '../../../graph/graph';
import type { Traits } from '../device';
import { literal } from '../kernel';
import type { Parameter } from '../kernel';

export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** a is [inner, rows] instead of [rows, inner]. */
  readonly transposeA: boolean;
  /** b is [columns, inner] instead of [inner, columns]. */
  readonly transposeB: boolean;
  /** The result's axes in front, and the strides, in matrices, by which a and b are read over them. */
  readonly batch: Shape;
  readonly batchA: readonly number[];
  readonly batchB: readonly number[];
  readonly scale: number;
  /** [columns], added to every row. */
  readonly bias: boolean;
  /** As large as the result, added to it. */
  readonly residual: boolean;
}

/** A workgroup's square of the result: `size` wide, of which each lane has `each` times `each`. */
export interface Tile {
  readonly size: 128 | 64 | 32;
  readonly each: 8 | 4;
  /** Multiply-adds in the time that the best tile needs for one. */
  readonly speed: number;
}

/**
 * A lane's 8x8 sums take 64 multiply-adds for 16 numbers out of workgroup memory, 4x4 take 16 for 8.
 * The wider tile also halves what is read from outside.
 */
export const TILES = [
  { size: 128, each: 8, speed: 1 },
  { size: 64, each: 8, speed: 0.85 },
  { size: 32, each: 4, speed: 0.45 },
] as const satisfies readonly Tile[];

/** Inner elements that a tile takes in at once; parts are multiples of it. */
export const DEPTH = 16;

export interface TilePlan {
  readonly tier: 'tile';
  readonly tile: Tile;
  /** Workgroups along the inner axis, and inner elements of each but the last. */
  readonly parts: number;
  readonly span: number;
}

export type MatmulPlan = { readonly tier: 'plain' | 'row' } | TilePlan;

/** More rows than these have too many sums for one lane of the `row` kernel. */
export const MOST_ROWS = 8;

export const canBeRows = ({ rows, transposeA, transposeB }: Product): boolean =>
  rows <= MOST_ROWS && transposeB && (!transposeA || rows === 1);

/** Tiles of this size with the inner axis in about so many parts. */
export function tiled({ inner }: Product, tile: Tile, wantedParts = 1): TilePlan {
  const span = Math.ceil(inner / wantedParts / DEPTH) * DEPTH;
  return { tier: 'tile', tile, span, parts: Math.ceil(inner / span) };
}

/** What the estimate assumes of a GPU, in multiply-adds of all its lanes (an H100: 33 a picosecond). */
const MACHINE = {
  /** Lanes that keep it busy with sums of such independence: 256 on each of 128 cores. */
  lanes: 32768,
  /** For one number written to memory and read again: 80 on an H100, up to 300 on a desktop's GPU. */
  roundTrip: 120,
  /** For a dispatch that waits for the one before: 3 microseconds. */
  dispatch: 1e8,
} as const;
/** What parts must promise, the estimate being rough: a quarter more than without. */
const DOUBT = 1.25;
/** Multiply-adds up to which a product is small, if its inner axis is no longer than `SHORT`. */
const SMALL = 65536;
const SHORT = 256;
const MOST_PARTS = 64;
/** Divisions of the inner axis that a tuner tries with each tile. */
const CANDIDATE_PARTS = 3;
/** Numbers that the parts of one product may take together: 128 MiB, the default binding limit. */
const MOST_PARTIAL = 2 ** 25;

/** The kernel that the estimate takes. Throws `backend-compile` where the device has room for none. */
export function chooseMatmul(product: Product, traits: Traits): MatmulPlan {
  return candidateMatmuls(product, traits)[0]!;
}

/**
 * The plans that can compute a product on such a device and may be its fastest, by the estimate, the
 * best first: what a tuner times. A plan is plain data and may be kept as JSON. Throws
 * `backend-compile` where the device has room for none.
 */
export function candidateMatmuls(product: Product, traits: Traits): readonly MatmulPlan[] {
  const { rows, columns, inner, batch } = product;
  const size = sizeOf(batch) * rows * columns;
  const plain: MatmulPlan[] = size * inner <= SMALL && inner <= SHORT ? [{ tier: 'plain' }] : [];
  const row: MatmulPlan[] = canBeRows(product) ? [{ tier: 'row' }] : [];
  const tiles = TILES.filter((tile) => fits(tile, traits)).flatMap((tile) =>
    estimatedPlans(product, tile),
  );
  tiles.sort((a, b) => a.cost - b.cost);
  const plans = [...row, ...plain, ...tiles.map(({ plan }) => plan)];
  if (plans.length === 0) throw noRoom(traits);
  return plans;
}

function fits(tile: Tile, traits: Traits): boolean {
  return (
    lanesOf(tile) <= traits.maxComputeInvocationsPerWorkgroup &&
    2 * DEPTH * tile.size * 4 <= traits.maxComputeWorkgroupStorageSize
  );
}

/** The tile whole, and in the numbers of parts that promise most. */
function estimatedPlans(product: Product, tile: Tile): { plan: TilePlan; cost: number }[] {
  const { rows, columns, batch } = product;
  const size = sizeOf(batch) * rows * columns;
  const whole: { plan: TilePlan; cost: number }[] = [];
  const inParts = new Map<number, { plan: TilePlan; cost: number }>();
  for (let wanted = 1; wanted <= MOST_PARTS; wanted++) {
    const plan = tiled(product, tile, wanted);
    if (plan.parts > 1 && plan.parts * size > MOST_PARTIAL) continue;
    const atOnce = MACHINE.lanes / lanesOf(tile);
    const waves = Math.ceil((tilesOf(product, tile).all * plan.parts) / atOnce);
    const sums = (waves * atOnce * tile.size ** 2 * plan.span) / tile.speed;
    const partial = plan.parts * size * MACHINE.roundTrip + MACHINE.dispatch;
    if (plan.parts > 1) inParts.set(plan.parts, { plan, cost: DOUBT * (sums + partial) });
    else whole.push({ plan, cost: sums });
  }
  const best = [...inParts.values()].sort((a, b) => a.cost - b.cost).slice(0, CANDIDATE_PARTS);
  return [...whole.slice(0, 1), ...best];
}

function noRoom(traits: Traits): GlassboxError {
  const { maxComputeInvocationsPerWorkgroup: lanes, maxComputeWorkgroupStorageSize: bytes } =
    traits;
  const least = TILES.at(-1)!;
  return new GlassboxError(
    'backend-compile',
    `A matrix product needs workgroups of ${lanesOf(least)} lanes with ${2 * DEPTH * least.size * 4} bytes; ` +
      `this GPU has ${lanes} lanes and ${bytes} bytes.`,
    { remedy: 'Compute with --backend onnx, on the CPU.', details: { lanes, bytes } },
  );
}

export const lanesOf = ({ size, each }: Tile): number => (size / each) ** 2;

/** How many tiles the result has down, across, and in all its matrices. */
export function tilesOf(
  { rows, columns, batch }: Product,
  { size }: Tile,
): { readonly down: number; readonly across: number; readonly all: number } {
  const [down, across] = [Math.ceil(rows / size), Math.ceil(columns / size)];
  return { down, across, all: sizeOf(batch) * down * across };
}

/** What is done with a sum before it is written: its parameters, and WGSL for the result. */
export interface Epilogue {
  readonly reads: readonly Parameter[];
  /** `at` and `column` are positions in elements of `type`. */
  readonly result: (sum: string, at: string, column: string) => string;
}

/** Of no product: the bare sum. */
export function epilogue(product: Product | undefined, type: string): Epilogue {
  const { scale, bias, residual } = product ?? { scale: 1, bias: false, residual: false };
  const reads: Parameter[] = [];
  if (bias) reads.push(['bias', type]);
  if (residual) reads.push(['residual', type]);
  return {
    reads,
    result: (sum, at, column) =>
      [
        scale === 1 ? sum : `${literal(scale)} * ${sum}`,
        ...(bias ? [`bias[${column}]`] : []),
        ...(residual ? [`residual[${at}]`] : []),
      ].join(' + '),
  };
}
