/**
 * Matrix products, `scale * op(a) @ op(b) [+ bias] [+ residual]`, and the kernels that there are for
 * them. All forms (transposed, batched, broadcast) are read as they lie, none is copied.
 *
 * - `plain`: a lane for each number of the result, where there is next to nothing to compute.
 * - `row`: one to eight rows by a weight [columns, inner], as in decoding. Bound by the weight's bytes.
 * - `tile`: square tiles of the result, 128, 64 or 32 wide, kept in registers. Bound by arithmetic.
 * - `matrix`: tiles of which each subgroup has a block, multiplied by the GPU's matrix units, which
 *   take half floats (on Apple's GPUs f32) and add up in f32.
 * - `blocks`: the same without workgroup memory, on operands that were first laid out for the units.
 * - `broadcast`: tiles without workgroup memory, for adapters where that is slow.
 * - All tiles in parts: where they alone are too few to fill a GPU (the gradient of a weight: few outputs,
 *   thousands of tokens between them), each is computed by several workgroups, along the inner axis, and
 *   a second kernel adds up their parts, in the same order always.
 *
 * In f16, `matrix` or `blocks` where there are such units, else tiles staged as half floats. There the factors are
 * rounded, once; `row` reads a frozen weight rounded, and what is rounded nowhere (`plain`, the rows of
 * `row`) is f32. Sums are f32 everywhere.
 *
 * Not here: which of these a product takes (../matmulChoice.ts).
 */
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

/** Of matrix tiles, the deeper first: half as many barriers. */
const MATRIX_DEPTHS = [32, 16] as const;
export const BYTES = { f32: 4, f16: 2 } as const;
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

/** Whether a block is made of whole units. */
export const isWhole = (block: { down: number; across: number }, { m, n }: MatrixUnit): boolean =>
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

/** Whether a device gives a workgroup so many lanes and bytes. */
export const hasRoom = (room: Room, lanes: number, bytes: number): boolean =>
  lanes <= room.maxComputeInvocationsPerWorkgroup && bytes <= room.maxComputeWorkgroupStorageSize;

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
