/**
 * What the webgpu backend does in one step, held against the least that anybody would have to do:
 * dispatches, pipelines, bytes and arithmetic, by lowering alone, so that no GPU is needed. For the
 * steps of nanoGPT's shakespeare-char (6 layers, 6 heads, width 384, context 256, batch 64) and of
 * GPT-2's 124M (12, 12, 768, vocabulary 50257, batch 8 x 1024), and for one token of the latter after
 * 1,023 others. Everything in f32, lowered for a GPU with subgroups and bindings of 2 GiB.
 *
 *   npm run bench -- gpuLeast
 *
 * Bytes are what dispatches move if each touches once what it reads and writes; that a product reads its
 * operands again for each tile, which caches mostly serve, does not count.
 *
 * The least, in a step of training:
 * - for a parameter 44 bytes: read forward and backward (8), its gradient written, and read for the norm
 *   that clips all of them (8), read again with parameter and moments, which are written (28);
 * - for each number that the backward pass needs 20 bytes: written, read by the next operator and again
 *   backward, its gradient written and read. In a layer these are, for each token, x before attention
 *   and before the feed-forward block, q, k, v, the heads' output, gate and up; and the last x. Norms,
 *   rotations, SwiGLU and the loss cost nothing, fused into the products beside them; no scores and no
 *   logits in memory;
 * - arithmetic: a product forward and two backward for each matrix, attention below the diagonal, with
 *   two products forward and five backward (scores are made again, as they are not kept).
 * - dispatches: one for each thing that has to wait for all of the one before. In a layer 5 forward (q, k
 *   and v; attention; its output; gate and up; down) and 10 backward (four products with regard to their
 *   input, four to their weight, two of attention), and 8 around them.
 *
 * In a token of decoding: each matrix and the cache read once; 5 dispatches a layer and 2.
 */
import { cachedGraph } from '../src/engine/infer/inferenceGraph';
import type { Traits } from '../src/engine/backend/webgpu/device';
import { wholeOf } from '../src/engine/backend/webgpu/lowering';
import type { Dispatch, Lowered, Tensor } from '../src/engine/backend/webgpu/lowering';
import { planMemory } from '../src/engine/backend/webgpu/plan';
import { lower } from '../src/engine/backend/webgpu/rules';
import { parameterShapes } from '../src/engine/interop/interop';
import { parameterCount, resolveModel } from '../src/engine/model/model';
import type { ModelConfig } from '../src/recipe/model';
import { graphOf } from './support/trainingStep';

const TRAITS: Traits = {
  f16: true,
  precision: 'f32',
  subgroups: true,
  leastSubgroup: 32,
  maxStorageBufferBindingSize: 2 ** 31,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
};

interface Work {
  readonly bytes: number;
  readonly flops: number;
  readonly dispatches: number;
}

interface Subject {
  readonly name: string;
  readonly config: ModelConfig;
  readonly lowered: Lowered;
  readonly least: Work;
}

const sum = (values: Iterable<number>): number => [...values].reduce((all, each) => all + each, 0);

/** Elements of all matrices that tokens are multiplied by; the output's even where it is the embedding. */
function matrices(config: ModelConfig): number {
  const blocks = [...parameterShapes(config)]
    .filter(([name, shape]) => name.startsWith('model.layers.') && shape.length === 2)
    .map(([, shape]) => shape[0]! * shape[1]!);
  return sum(blocks) + config.vocab * config.width;
}

function leastOfTraining(config: ModelConfig, batch: number): Work {
  const { layers, width, kvHeads, headDim, heads, intermediate, context } = config;
  const tokens = batch * context;
  const [inner, keys] = [heads * headDim, kvHeads * headDim];
  const layer = 2 * width + inner + 2 * keys + inner + 2 * intermediate;
  const products = 3 * 2 * tokens * matrices(config);
  const attention = 7 * tokens * context * inner * layers;
  return {
    bytes: 44 * parameterCount(config) + 20 * tokens * (layers * layer + width),
    flops: products + attention,
    dispatches: 15 * layers + 8,
  };
}

function leastOfDecoding(config: ModelConfig, cached: number): Work {
  const { layers, kvHeads, headDim, heads } = config;
  const cache = 2 * layers * kvHeads * headDim * cached;
  return {
    bytes: 4 * (matrices(config) + cache),
    flops: 2 * matrices(config) + 4 * layers * heads * headDim * cached,
    dispatches: 5 * layers + 2,
  };
}

/** Some kernels touch less than they bind: rows of a table, a place in the cache. */
function bytesOf({ kernel: { name }, reads, writes }: Dispatch): number {
  const bytes = (tensors: readonly Tensor[]): number => sum(tensors.map(({ size }) => size * 4));
  if (name.startsWith('embedding [')) return 2 * bytes(writes);
  if (name.startsWith('insert')) return 2 * bytes(reads);
  // Read and written, in place.
  if (name.startsWith('adamw')) return bytes(reads) + 2 * bytes(writes);
  return bytes([...reads, ...writes]);
}

/** Of products, as their names have it, and of attention; the rest is next to nothing beside them. */
function flopsOf({ kernel: { name } }: Dispatch): number {
  const shapes = (/\[([^\]]*)\]/.exec(name)?.[1] ?? '').split('; ');
  const all = shapes.map((shape) => shape.split(/[,/]\s*/).map(Number));
  const sizes = all[0]!;
  const capacity = /^cachedAttention .*\] of (\d+)/.exec(name);
  if (capacity) return 4 * sizes[0]! * sizes[1]! * sizes.at(-1)! * Number(capacity[1]);
  if (/^matmul(?! parts)/.test(name))
    return sum(all.map((shape) => 2 * shape.reduce((product, each) => product * each, 1)));
  const products = Object.entries(PRODUCTS).find(([kind]) => name.startsWith(`${kind} [`))?.[1];
  if (products === undefined) return 0;
  const [rows = 0, tokens = 0, heads = 0] = sizes;
  return 2 * products * ((rows * heads * tokens * tokens) / 2) * sizes.at(-1)!;
}

/** How many products of attention's shape each kernel of it makes. */
const PRODUCTS = { attention: 2, 'attentionBackward dQ': 3, 'attentionBackward dK dV': 4 };

/** A kernel without its shapes. */
const kindOf = (name: string): string => name.replace(/ ?\[.*$/, '');

function report({ name, config, lowered, least }: Subject): void {
  const dispatches = [...lowered.dispatches, ...lowered.parts];
  const copied = sum([...lowered.copies, ...lowered.saves].map(({ from }) => from.size * 8));
  const bytes = sum(dispatches.map(bytesOf)) + copied;
  const flops = sum(dispatches.map(flopsOf));
  const pipelines = new Set(dispatches.map(({ kernel }) => kernel.code)).size;
  const gigabytes = (value: number): string => (value / 1e9).toFixed(2);
  const operations = (value: number): string => (value / 1e9).toFixed(1);
  const activations = sum(planMemory(lowered).slots.map((size) => size * 4));
  console.log(`\n${name}: ${parameterCount(config).toLocaleString('en')} parameters\n`);
  console.log('| | ours | the least | ratio |\n|---|---|---|---|');
  const row = (what: string, ours: string, most: string, ratio: number): void =>
    console.log(`| ${what} | ${ours} | ${most} | ${ratio.toFixed(2)} |`);
  row('GB moved', gigabytes(bytes), gigabytes(least.bytes), bytes / least.bytes);
  row('GFLOP', operations(flops), operations(least.flops), flops / least.flops);
  const count = dispatches.length;
  row('dispatches', String(count), String(least.dispatches), count / least.dispatches);
  console.log(`| pipelines | ${pipelines} | | |`);
  console.log(`| GB of activations held | ${gigabytes(activations)} | | |`);

  const kinds = new Map<string, { count: number; bytes: number }>();
  for (const dispatch of dispatches) {
    const kind = kindOf(dispatch.kernel.name);
    const known = kinds.get(kind) ?? { count: 0, bytes: 0 };
    kinds.set(kind, { count: known.count + 1, bytes: known.bytes + bytesOf(dispatch) });
  }
  if (copied > 0) kinds.set('copies of states', { count: lowered.copies.length, bytes: copied });
  console.log('\n| kernels | dispatches | GB | share of the bytes |\n|---|---|---|---|');
  for (const [kind, each] of [...kinds].sort((a, b) => b[1].bytes - a[1].bytes).slice(0, 9)) {
    const share = `${((100 * each.bytes) / bytes).toFixed(0)}%`;
    console.log(`| ${kind} | ${each.count} | ${gigabytes(each.bytes)} | ${share} |`);
  }
  const widest = [...lowered.dispatches]
    .flatMap(({ reads, writes }) => [...reads, ...writes])
    .reduce((most: Tensor, each) => (wholeOf(each).size > wholeOf(most).size ? each : most));
  console.log(`\nThe largest tensor has ${gigabytes(wholeOf(widest).size * 4)} GB.`);
}

function training(name: string, config: ModelConfig, batch: number): Subject {
  const lowered = lower(graphOf({ config, batch }, TRAITS.precision), TRAITS);
  return { name, config, lowered, least: leastOfTraining(config, batch) };
}

const shakespeare = resolveModel(
  { preset: 'tiny', layers: 6, heads: 6, kvHeads: 6, width: 384, context: 256, freeze: [] },
  65,
);
const gpt2 = resolveModel({ preset: 'base', context: 1024, freeze: [] }, 50257);
report(training('shakespeare-char, batch 64 x 256', shakespeare, 64));
report(training('GPT-2 124M, batch 8 x 1024', gpt2, 8));
report({
  name: 'GPT-2 124M, one token after 1,023',
  config: gpt2,
  lowered: lower(cachedGraph(gpt2, 1, 1024), TRAITS),
  least: leastOfDecoding(gpt2, 1024),
});
