/**
 * Which kernel computes a matrix product: the choice is an estimate from the shape alone, for a GPU of
 * about 128 cores; a smaller one, which fewer workgroups fill, pays for some parts that it needn't have.
 * What the estimate holds likely, a tuner times (tuning.ts).
 */
import { GlassboxError } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { Traits } from './device';
import {
  TILES,
  DEPTH,
  MATRIX_TILES,
  BLOCKS_TILES,
  BROADCAST_TILE,
  BROADCAST_LANES,
  BROADCAST_SUBGROUP,
  broadcast,
  canBeRows,
  tiled,
  inParts,
  BYTES,
  matrixPlan,
  isWhole,
  matrixBlock,
  matrixLanes,
  hasRoom,
  lanesOf,
  squareOf,
  tilesOf,
} from './kernels/matmul';
import type {
  Product,
  Tile,
  TilePlan,
  MatrixTile,
  MatrixPlan,
  BlocksPlan,
  BroadcastPlan,
  MatmulPlan,
} from './kernels/matmul';

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

/**
 * The first ones, and of each tier the first, for the estimate may be wrong of a whole tier, and the
 * first that is in one part, which is what a small GPU wants.
 */
function likeliest<Plan extends { tier: string; parts: number }>(plans: readonly Plan[]): Plan[] {
  const firsts = new Map<string, Plan>();
  for (const plan of plans) {
    const whole = `${plan.tier} whole`;
    if (!firsts.has(plan.tier)) firsts.set(plan.tier, plan);
    if (plan.parts === 1 && !firsts.has(whole)) firsts.set(whole, plan);
  }
  const kept = new Set(firsts.values());
  return plans.filter((plan, place) => place < MOST_PLANS || kept.has(plan));
}

/** A plan that may divide the inner axis. */
type PartedPlan = TilePlan | MatrixPlan | BlocksPlan | BroadcastPlan;

/** A tile that fits the device, and what the estimate needs to know of it. */
interface Estimated {
  readonly size: { readonly down: number; readonly across: number };
  readonly lanes: number;
  readonly speed: number;
  readonly plan: (product: Product, wantedParts: number) => PartedPlan;
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

/** The tile whole, and in the numbers of parts that promise most. */
function estimatedPlans(
  product: Product,
  { size, lanes, speed, before = 0, plan: planOf }: Estimated,
): { plan: PartedPlan; cost: number }[] {
  const { rows, columns, batch } = product;
  const numbers = sizeOf(batch) * rows * columns;
  const tiles = tilesOf(product, size).all;
  const atOnce = MACHINE.lanes / lanes;
  const whole: { plan: PartedPlan; cost: number }[] = [];
  const divided = new Map<number, { plan: PartedPlan; cost: number }>();
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
