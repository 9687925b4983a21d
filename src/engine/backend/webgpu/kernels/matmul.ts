/**
 * Matrix products, `scale * op(a) @ op(b) [+ bias] [+ residual]`: which kernel computes one of which
 * shape. All forms (transposed, batched, broadcast) are read as they lie, none is copied.
 *
 * - `plain`: a lane for each number of the result, where there is next to nothing to compute.
 * - `row`: one to eight rows by a weight [columns, inner], as in decoding. Bound by the weight's bytes.
 * - `tile`: square tiles of the result, 128, 64 or 32 wide, kept in registers. Bound by arithmetic.
 * - `matrix`: tiles of which each subgroup has a block, multiplied by the GPU's matrix units, which
 *   take half floats (on Apple's GPUs f32) and add up in f32.
 * - `broadcast`: tiles without workgroup memory, for adapters where that is slow.
 * - `tile`, `matrix` and `broadcast` in parts: where the tiles alone are too few to fill a GPU (the gradient of a
 *   weight: few outputs, thousands of tokens between them), each is computed by several workgroups, along
 *   the inner axis, and a second kernel adds up their parts, in the same order always.
 *
 * In f16, `matrix` where there are such units, else tiles staged as half floats. There the factors are
 * rounded, once; `row` reads a frozen weight rounded, and what is rounded nowhere (`plain`, the rows of
 * `row`) is f32. Sums are f32 everywhere.
 *
 * The choice is an estimate from the shape alone, for a GPU of about 128 cores; a smaller one, which
 * fewer workgroups fill, pays for some parts that it needn't have.
 */
import { GlassboxError } from '../../../../base/errors';
import { sizeOf } from '../../../graph/graph';
import type { Shape } from '../../../graph/graph';
import type { Precision } from '../../backend';
import type { MatrixTraits, Traits } from '../device';

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
  { size: 64, each: 8, speed: 0.95 },
  { size: 32, each: 4, speed: 0.45 },
] as const satisfies readonly Tile[];

/** Inner elements that a tile takes in at once; parts are multiples of it. */
export const DEPTH = 16;

/** How the inner axis is divided: into workgroups, and inner elements of each but the last. */
export interface Parts {
  readonly parts: number;
  readonly span: number;
}

export interface TilePlan extends Parts {
  readonly tier: 'tile';
  readonly tile: Tile;
  /** What workgroup memory holds the operands in. */
  readonly staged: Precision;
}

/** What a subgroup multiplies at once: [m, k] by [k, n]. */
export interface MatrixUnit {
  /** Of the factors; sums are f32. */
  readonly component: Precision;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A workgroup's part of the result, and how many subgroups share it, down and across. */
export interface MatrixTile {
  readonly down: number;
  readonly across: number;
  readonly subgroupsDown: number;
  readonly subgroupsAcross: number;
  /** As of `Tile`. */
  readonly speed: number;
}

/**
 * A subgroup's block of 64 by 64 takes 16 multiply-adds for each byte out of workgroup memory, 64 by 32
 * take 11, 32 by 32 take 8. Measured on an H100, as are the speeds: docs/experiments.md.
 */
export const MATRIX_TILES = [
  { down: 128, across: 128, subgroupsDown: 2, subgroupsAcross: 4, speed: 2.35 },
  { down: 128, across: 128, subgroupsDown: 2, subgroupsAcross: 2, speed: 2.35 },
  { down: 128, across: 64, subgroupsDown: 2, subgroupsAcross: 2, speed: 2.6 },
  { down: 64, across: 64, subgroupsDown: 2, subgroupsAcross: 2, speed: 1.7 },
  { down: 32, across: 32, subgroupsDown: 2, subgroupsAcross: 1, speed: 1.05 },
] as const satisfies readonly MatrixTile[];

export interface MatrixPlan extends Parts {
  readonly tier: 'matrix';
  readonly tile: MatrixTile;
  readonly unit: MatrixUnit;
  /** Inner elements that the tile takes in at once. */
  readonly depth: number;
  /** Lanes for each subgroup: the most that the device may give it. */
  readonly subgroupSize: number;
  /** It may also give fewer; the tile then has more subgroups than it needs, and some do nothing. */
  readonly subgroupsVary: boolean;
}

/** Of operands that are there as half floats in blocks; see matmulBlocks.ts. */
export interface BlocksPlan extends Parts {
  readonly tier: 'blocks';
  readonly tile: MatrixTile;
  readonly unit: MatrixUnit;
  readonly subgroupSize: number;
}

/** Speeds as of `MATRIX_TILES`, with rounding the operands left out: `before` counts that. */
export const BLOCKS_TILES = [
  { down: 128, across: 128, subgroupsDown: 2, subgroupsAcross: 2, speed: 4.6 },
  { down: 128, across: 64, subgroupsDown: 2, subgroupsAcross: 2, speed: 4.5 },
  { down: 256, across: 128, subgroupsDown: 4, subgroupsAcross: 2, speed: 4.2 },
  { down: 128, across: 128, subgroupsDown: 2, subgroupsAcross: 4, speed: 4 },
  { down: 64, across: 64, subgroupsDown: 2, subgroupsAcross: 2, speed: 3.8 },
] as const satisfies readonly MatrixTile[];

/** Without workgroup memory: a workgroup's part of the result, and its speed on a GPU, as of `Tile`. */
export const BROADCAST_TILE = { down: 16, across: 128, speed: 0.3 } as const;

export const BROADCAST_LANES = 32;
/** Lanes that hold a block of a between them, and must be of one subgroup. */
export const BROADCAST_SUBGROUP = 8;

export interface BroadcastPlan extends Parts {
  readonly tier: 'broadcast';
}

export const broadcast = (product: Product, wantedParts = 1): BroadcastPlan => ({
  tier: 'broadcast',
  ...inParts(product, DEPTH, wantedParts),
});

/** Plain data: a tuner may keep it as JSON. */
export type MatmulPlan =
  { readonly tier: 'plain' | 'row' } | TilePlan | MatrixPlan | BlocksPlan | BroadcastPlan;

/** More rows than these have too many sums for one lane of the `row` kernel. */
export const MOST_ROWS = 8;

export const canBeRows = ({ rows, transposeA, transposeB }: Product): boolean =>
  rows <= MOST_ROWS && transposeB && (!transposeA || rows === 1);

/** Tiles of this size with the inner axis in about so many parts. */
export function tiled(
  product: Product,
  tile: Tile,
  wantedParts = 1,
  staged: Precision = 'f32',
): TilePlan {
  return { tier: 'tile', tile, staged, ...inParts(product, DEPTH, wantedParts) };
}

export function inParts({ inner }: Product, depth: number, wantedParts: number): Parts {
  const span = Math.ceil(inner / wantedParts / depth) * depth;
  return { span, parts: Math.ceil(inner / span) };
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
/** What a tuner tries of the tiles; compiling a kernel takes a driver longer than timing it. */
const MOST_PLANS = 12;
/** Of matrix tiles, the deeper first: half as many barriers. */
const MATRIX_DEPTHS = [32, 16] as const;
const BYTES = { f32: 4, f16: 2 } as const;
/** Numbers that the parts of one product may take together: 128 MiB, the default binding limit. */
const MOST_PARTIAL = 2 ** 25;

/** The kernel that the estimate takes. Throws `backend-compile` where the device has room for none. */
export function chooseMatmul(product: Product, traits: Traits): MatmulPlan {
  return candidateMatmuls(product, traits)[0]!;
}

/**
 * The plans that can compute a product on such a device and may be its fastest, by the estimate, the
 * best first: what a tuner times. Throws `backend-compile` where the device has room for none.
 */
export function candidateMatmuls(product: Product, traits: Traits): readonly MatmulPlan[] {
  const { rows, columns, inner, batch } = product;
  const size = sizeOf(batch) * rows * columns;
  const plain: MatmulPlan[] = size * inner <= SMALL && inner <= SHORT ? [{ tier: 'plain' }] : [];
  const row: MatmulPlan[] = canBeRows(product) ? [{ tier: 'row' }] : [];
  const tiles = [
    ...matrixTiles(traits),
    ...blocksTiles(product, traits),
    ...registerTiles(traits),
    ...broadcastTiles(traits),
  ].flatMap((each) => estimatedPlans(product, each));
  tiles.sort((a, b) => a.cost - b.cost);
  const plans = [...row, ...plain, ...likeliest(tiles.map(({ plan }) => plan))];
  if (plans.length === 0) throw noRoom(traits);
  return plans;
}

/** The first ones, and the first of each tier, for the estimate may be wrong of a whole tier. */
function likeliest(plans: readonly MatmulPlan[]): MatmulPlan[] {
  const firsts = new Map<string, MatmulPlan>();
  for (const plan of plans) if (!firsts.has(plan.tier)) firsts.set(plan.tier, plan);
  return plans.filter((plan, place) => place < MOST_PLANS || firsts.get(plan.tier) === plan);
}

/** A tile that fits the device, and what the estimate needs to know of it. */
interface Estimated {
  readonly size: { readonly down: number; readonly across: number };
  readonly lanes: number;
  readonly speed: number;
  readonly plan: (
    product: Product,
    wantedParts: number,
  ) => TilePlan | MatrixPlan | BlocksPlan | BroadcastPlan;
  /** Numbers that are written and read again before the product begins. */
  readonly before?: number;
}

function registerTiles(traits: Traits): Estimated[] {
  const staged = traits.precision;
  const bytes = ({ size }: Tile): number => 2 * DEPTH * size * BYTES[staged];
  return TILES.filter((tile) => hasRoom(traits, lanesOf(tile), bytes(tile))).map((tile) => ({
    size: squareOf(tile),
    lanes: lanesOf(tile),
    speed: tile.speed,
    plan: (product, wantedParts) => tiled(product, tile, wantedParts, staged),
  }));
}

/** None where subgroups may be too small, or half floats are asked for, which it would not use. */
function broadcastTiles({ leastSubgroup, precision }: Traits): Estimated[] {
  if (leastSubgroup < BROADCAST_SUBGROUP || precision !== 'f32') return [];
  const { speed, ...size } = BROADCAST_TILE;
  return [{ size, lanes: BROADCAST_LANES, speed, plan: broadcast }];
}

/** None where the device has no matrix units, or they would not be what was asked for. */
function matrixTiles(traits: Traits): Estimated[] {
  const { matrix, precision } = traits;
  if (!matrix || precision !== 'f16') return [];
  return MATRIX_TILES.flatMap((tile) => {
    const plan = matrixPlan(tile, matrix, traits);
    if (!plan) return [];
    const lanes = matrixLanes(plan);
    return {
      size: tile,
      lanes,
      speed: tile.speed,
      plan: (product, wantedParts) => ({ ...plan, ...inParts(product, plan.depth, wantedParts) }),
    };
  });
}

/** None where lanes would have to see the result's numbers, or subgroups may be of several sizes. */
function blocksTiles(product: Product, traits: Traits): Estimated[] {
  const { matrix, precision } = traits;
  if (!matrix || precision !== 'f16' || matrix.subgroupsVary) return [];
  const { unit, subgroupSize } = matrix;
  const { rows, columns, inner, batch, bias, scale } = product;
  const whole = rows % unit.m === 0 && columns % unit.n === 0 && unit.k % 8 === 0;
  if (unit.component !== 'f16' || !whole || bias || scale !== 1) return [];
  const lanesOfTile = (tile: MatrixTile): number =>
    tile.subgroupsDown * tile.subgroupsAcross * subgroupSize;
  return BLOCKS_TILES.filter(
    (tile) => hasRoom(traits, lanesOfTile(tile), 0) && isWhole(matrixBlock(tile), unit),
  ).map((tile) => ({
    size: tile,
    lanes: lanesOfTile(tile),
    speed: tile.speed,
    before: (sizeOf(batch) * (rows + columns) * Math.ceil(inner / unit.k) * unit.k) / 2,
    plan: (product: Product, wantedParts: number): BlocksPlan => ({
      ...{ tier: 'blocks', tile, unit, subgroupSize },
      ...inParts(product, unit.k, wantedParts),
    }),
  }));
}

type Undivided = Omit<MatrixPlan, keyof Parts>;

/** The tile on such a device, as deep as it has room for; undefined where it has none. */
export function matrixPlan(
  tile: MatrixTile,
  { unit, subgroupSize, subgroupsVary }: MatrixTraits,
  room: Room,
): Undivided | undefined {
  const block = matrixBlock(tile);
  if (!isWhole(block, unit)) return undefined;
  return MATRIX_DEPTHS.filter((depth) => depth % unit.k === 0)
    .map((depth): Undivided => ({ tier: 'matrix', tile, unit, depth, subgroupSize, subgroupsVary }))
    .find((plan) => hasRoom(room, matrixLanes(plan), matrixBytes(plan)));
}

const isWhole = (block: { down: number; across: number }, { m, n }: MatrixUnit): boolean =>
  block.down % m === 0 && block.across % n === 0;

/** A subgroup's part of the tile. */
export const matrixBlock = (tile: MatrixTile): { down: number; across: number } => ({
  down: tile.down / tile.subgroupsDown,
  across: tile.across / tile.subgroupsAcross,
});

export const matrixLanes = ({ tile, subgroupSize }: Undivided): number =>
  tile.subgroupsDown * tile.subgroupsAcross * subgroupSize;

/** Lines of workgroup memory are longer by 16 bytes, so that those of a matrix lie in other banks. */
export const linePadding = (component: Precision): number => 16 / BYTES[component];

/** Workgroup memory: both operands, of which either axis may be the longer line, and the results. */
function matrixBytes({ tile, unit, depth }: Undivided): number {
  const padding = linePadding(unit.component);
  const operand = (size: number): number => size * depth + Math.max(size, depth) * padding;
  const results = tile.subgroupsDown * tile.subgroupsAcross * unit.m;
  return (
    (operand(tile.down) + operand(tile.across)) * BYTES[unit.component] +
    results * (matrixBlock(tile).across + linePadding('f32')) * BYTES.f32
  );
}

export type Room = Pick<
  Traits,
  'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'
>;

const hasRoom = (room: Room, lanes: number, bytes: number): boolean =>
  lanes <= room.maxComputeInvocationsPerWorkgroup && bytes <= room.maxComputeWorkgroupStorageSize;

/** The tile whole, and in the numbers of parts that promise most. */
function estimatedPlans(
  product: Product,
  { size, lanes, speed, before = 0, plan: planOf }: Estimated,
): { plan: MatmulPlan; cost: number }[] {
  const { rows, columns, batch } = product;
  const numbers = sizeOf(batch) * rows * columns;
  const tiles = tilesOf(product, size).all;
  const atOnce = MACHINE.lanes / lanes;
  const whole: { plan: MatmulPlan; cost: number }[] = [];
  const divided = new Map<number, { plan: MatmulPlan; cost: number }>();
  for (let wanted = 1; wanted <= MOST_PARTS; wanted++) {
    const plan = planOf(product, wanted);
    const { parts, span } = plan;
    if (parts > 1 && parts * numbers > MOST_PARTIAL) continue;
    const waves = Math.ceil((tiles * parts) / atOnce);
    const sums =
      (waves * atOnce * size.down * size.across * span) / speed + before * MACHINE.roundTrip;
    const partial = parts * numbers * MACHINE.roundTrip + MACHINE.dispatch;
    if (parts > 1) divided.set(parts, { plan, cost: DOUBT * (sums + partial) });
    else whole.push({ plan, cost: sums });
  }
  const best = [...divided.values()].sort((a, b) => a.cost - b.cost).slice(0, CANDIDATE_PARTS);
  return [...whole.slice(0, 1), ...best];
}

function noRoom(traits: Traits): GlassboxError {
  const { maxComputeInvocationsPerWorkgroup: lanes, maxComputeWorkgroupStorageSize: bytes } =
    traits;
  const least = TILES.at(-1)!;
  const needed = 2 * DEPTH * least.size * BYTES[traits.precision];
  return new GlassboxError(
    'backend-compile',
    `A matrix product needs workgroups of ${lanesOf(least)} lanes with ${needed} bytes of memory; ` +
      `this GPU's have at most ${lanes} lanes and ${bytes} bytes.`,
    { remedy: 'Compute with --backend onnx, on the CPU.', details: { lanes, bytes } },
  );
}

export const lanesOf = ({ size, each }: Tile): number => (size / each) ** 2;

export const squareOf = ({ size }: Tile): { down: number; across: number } => ({
  down: size,
  across: size,
});

/** How many tiles of a size the result has down, across, and in all its matrices. */
export function tilesOf(
  { rows, columns, batch }: Product,
  size: { readonly down: number; readonly across: number },
): { readonly down: number; readonly across: number; readonly all: number } {
  const [down, across] = [Math.ceil(rows / size.down), Math.ceil(columns / size.across)];
  return { down, across, all: sizeOf(batch) * down * across };
}
