/** Ours on the GPU: one row of the table measured in this process, and what makes its figures credible. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { create } from 'webgpu';
import * as z from 'zod';
import { Rng } from '../../src/base/rng';
import type { Backend, Feeds, Program } from '../../src/engine/backend/backend';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { findAdapter, openWebgpu, profile } from '../../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { generate, loadModel } from '../../src/engine/infer/infer';
import type { LoadedModel } from '../../src/engine/infer/infer';
import { tensorsInMemory, writeModelFolder } from '../../src/engine/interop/interop';
import { initialParameters, resolveModel } from '../../src/engine/model/model';
import type { ModelConfig } from '../../src/recipe/model';
import { defaultRecipe } from '../../src/recipe/run';
import { PROMPT } from './gpuCases';
import type { Precision, Work } from './gpuCases';
import { median, timeRuns } from './rounds';
import { feeds, openStep } from './trainingStep';

export const measuredSchema = z.object({
  /** Of one run, by the clock, from the call to its results. */
  milliseconds: z.number(),
  /** What computed: f32 where the adapter has no half floats. */
  precision: z.enum(['f32', 'f16']),
  /** One more run with timestamps: milliseconds, and what it dispatched. */
  gpu: z.number().optional(),
  host: z.number().optional(),
  dispatches: z.number().optional(),
  kernels: z.array(z.string()).default([]),
});
export type Measured = z.infer<typeof measuredSchema>;

/** Milliseconds: ours and PyTorch's alike. */
const WARM_UP = 1000;

const shapeOf = (size: number): readonly [number, number] => [size, size];

async function open(wanted: Precision): Promise<Backend> {
  const halves = (await findAdapter())?.features.includes('shader-f16') ?? false;
  return openWebgpu({ software: true, precision: halves ? wanted : 'f32' });
}

export async function measureOurs(
  work: Work,
  wanted: Precision,
  repeats: number,
): Promise<Measured> {
  const backend = await open(wanted);
  const { precision } = backend;
  switch (work.kind) {
    case 'matmul': {
      const { program } = await openChain(backend, work.size, work.chain);
      const { wall } = await timeRuns(repeats, () => program.run({}), WARM_UP);
      return { milliseconds: median(wall), precision, ...(await whereTimeGoes(program, {})) };
    }
    case 'step': {
      const { program } = await openStep(backend, work);
      const fed = feeds(work, precision);
      // The feeds are drawn before the clock starts.
      const drawn = Array.from({ length: 8 }, () => fed.next().value);
      let step = 0;
      const run = (): Promise<unknown> => program.run(drawn[step++ % drawn.length]!);
      const { wall } = await timeRuns(repeats, run, WARM_UP);
      const details = await whereTimeGoes(program, fed.next().value);
      return { milliseconds: median(wall), precision, ...details };
    }
    case 'decode':
      return {
        milliseconds: await decodeTime(backend, work, repeats),
        precision,
        kernels: [],
      };
  }
}

/** `chain` products by one matrix, whose numbers keep those of the result as large as they are. */
async function openChain(
  backend: Backend,
  size: number,
  chain: number,
): Promise<{
  program: Program;
  read: () => Promise<Float32Array>;
  a: Float32Array;
  b: Float32Array;
}> {
  const shape = shapeOf(size);
  const rng = new Rng(7);
  const draw = (spread: number): Float32Array =>
    Float32Array.from({ length: size * size }, () => rng.normal() * spread);
  const [a, b] = [draw(1), draw(size ** -0.5)];
  const store = await backend.allocate(new Map(['a', 'b', 'y'].map((name) => [name, shape])));
  await store.write('a', a);
  await store.write('b', b);
  const graph = new GraphBuilder();
  const [right, result] = [graph.state('b', shape), graph.state('y', shape)];
  let product = graph.state('a', shape);
  for (let i = 0; i < chain; i++) product = graph.matmul(product, right);
  // Kept where it is: nothing of the result is read back while the clock runs.
  graph.assign(result, product);
  const program = await store.compile(graph.build());
  return { program, read: () => store.read('y'), a, b };
}

async function whereTimeGoes(
  program: Program,
  fed: Feeds,
): Promise<Pick<Measured, 'gpu' | 'host' | 'dispatches' | 'kernels'>> {
  const { profile: whole } = await profile(program, fed, 'whole');
  const { profile: parts } = await profile(program, fed, 'kernels');
  const { upload, encode, submit } = whole.host;
  return {
    ...{ gpu: whole.gpu, host: upload + encode + submit, dispatches: whole.dispatches },
    kernels: parts.kernels
      .slice(0, 12)
      .map(
        ({ name, dispatches, milliseconds, bytes }) =>
          `${milliseconds.toFixed(3)} ms  ${dispatches} x ${name}, ` +
          `${(bytes / milliseconds / 1e6).toFixed(0)} GB/s bound`,
      ),
  };
}

/** Milliseconds of `tokens` tokens, those of the prompt apart. */
async function decodeTime(
  backend: Backend,
  { config, tokens }: { config: ModelConfig; tokens: number },
  repeats: number,
): Promise<number> {
  return withModel(config, async (folder) => {
    const times = await tokenTimes(await loadModel(folder, backend), tokens, repeats);
    return median(times) * tokens;
  });
}

/** Milliseconds a token, greedy, of so many in a row, the first one after the prompt left out. */
export async function tokenTimes(
  model: LoadedModel,
  tokens: number,
  repeats: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let repeat = -1; repeat < repeats; repeat++) {
    model.forget();
    let [written, first] = [0, 0];
    for await (const event of generate(model, promptOf(model.config), {
      temperature: 0,
      maxTokens: tokens + 1,
    }))
      if (event.kind === 'token' && written++ === 0) first = performance.now();
    // The first one warms up; a model that ended early wrote fewer.
    if (repeat >= 0) times.push((performance.now() - first) / (written - 1));
  }
  return times;
}

const promptOf = ({ vocab }: ModelConfig): number[] =>
  Array.from({ length: PROMPT }, (_, i) => (100 + 7 * i) % vocab);

/** A model folder of random weights, removed afterwards. */
async function withModel<T>(config: ModelConfig, work: (folder: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(path.join(tmpdir(), 'glassbox-gpu-'));
  try {
    const folder = path.join(home, 'model');
    const tensors = [...initialParameters(config, 1)].map(
      ({ name, shape, data }) => [name, shape, data] as const,
    );
    await writeModelFolder(folder, { config, tensors: tensorsInMemory(tensors) });
    return await work(folder);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What all rests on: the adapter as Dawn describes it, nothing left out. */
export async function describeAdapter(): Promise<string[]> {
  const switches = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];
  const adapter = await create(switches).requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return ['WebGPU finds no adapter.'];
  const { info, features, limits } = adapter;
  const names = (value: object): string[] => {
    const found: string[] = [];
    for (const name in value) found.push(name);
    return found.sort();
  };
  const matrices: unknown = Reflect.get(info, 'subgroupMatrixConfigs');
  const configs = z.array(z.unknown()).safeParse(matrices);
  const shown = names(info)
    .map((name) => [name, Reflect.get(info, name) as unknown] as const)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value) && value !== '');
  return [
    ...shown.map(([name, value]) => `${name}: ${String(value)}`),
    `features: ${[...features].sort().join(', ')}`,
    `limits: ${names(limits)
      .map((name) => [name, Reflect.get(limits, name) as unknown] as const)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')}`,
    `subgroupMatrixConfigs: ${configs.success && configs.data.length > 0 ? '' : 'none'}`,
    ...(configs.data ?? []).map((each) => `  ${describe(each)}`),
  ];
}

const describe = (config: unknown): string => {
  if (typeof config !== 'object' || config === null) return String(config);
  const parts: string[] = [];
  for (const name in config) {
    const value: unknown = Reflect.get(config, name);
    if (typeof value !== 'function') parts.push(`${name} ${String(value)}`);
  }
  return parts.join(', ');
};

/** What is checked before anything is timed, less of it with `quick`. Throws where a number is wrong. */
export async function checkNumbers(model: string | undefined, quick: boolean): Promise<string[]> {
  const [size, steps, tokens] = quick ? [64, 3, 8] : [512, 10, 300];
  const said: string[] = [];
  const cpu = await openOnnx({ threads: 1 });
  for (const wanted of ['f32', 'f16'] as const) {
    const backend = await open(wanted);
    if (backend.precision === wanted) {
      said.push(await checkProduct(backend, size));
      for (const optimizer of ['adamw', 'muon'] as const)
        said.push(await checkSteps(backend, cpu, steps, optimizer));
    } else said.push('no half floats on this adapter: rows in f16 are measured in f32');
    await backend.dispose();
  }
  const backend = await open('f32');
  said.push(await checkGreedy(backend, cpu, tokens, model));
  return said;
}

async function checkProduct(backend: Backend, size: number): Promise<string> {
  const { program, read, a, b } = await openChain(backend, size, 1);
  await program.run({});
  const y = await read();
  // Half floats have 11 bits; operands are rounded, sums are not.
  const bound = backend.precision === 'f32' ? 1e-4 : 2e-2;
  let worst = 0;
  for (let at = 0; at < y.length; at += 61) {
    const [row, column] = [Math.floor(at / size), at % size];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += a[row * size + k]! * b[k * size + column]!;
    worst = Math.max(worst, Math.abs(y[at]! - sum));
  }
  if (!(worst < bound)) throw new Error(`A product in ${backend.precision} is off by ${worst}.`);
  return `product of ${size} in ${backend.precision}: off by ${worst.toExponential(1)} at most`;
}

async function checkSteps(
  gpu: Backend,
  cpu: Backend,
  steps: number,
  optimizer: 'adamw' | 'muon',
): Promise<string> {
  const wishes = { ...defaultRecipe().model, layers: 2, heads: 2, width: 64, context: 64 };
  const shape = { config: resolveModel(wishes, 97), batch: 4, optimizer };
  const losses: number[][] = [];
  for (const backend of [gpu, cpu]) {
    const { program } = await openStep(backend, shape);
    const fed = feeds(shape, backend.precision);
    const own: number[] = [];
    for (let step = 0; step < steps; step++)
      own.push((await program.run(fed.next().value))['loss']![0]!);
    losses.push(own);
  }
  const off = losses[0]!.map((loss, step) => Math.abs(loss - losses[1]![step]!));
  const worst = Math.max(...off);
  const what = `${steps} training steps with ${optimizer} in ${gpu.precision}`;
  if (!(worst < (gpu.precision === 'f32' ? 1e-3 : 2e-2)))
    throw new Error(`${what}: losses differ from the CPU's by ${worst}.`);
  return `${what}: losses are the CPU's but for ${worst.toExponential(1)}`;
}

/** Of the model in a folder, or of one with random weights. */
async function checkGreedy(
  gpu: Backend,
  cpu: Backend,
  tokens: number,
  folder: string | undefined,
): Promise<string> {
  // As long as that the cache grows, and is attended to in parts.
  const context = tokens < 256 ? 64 : 512;
  const wishes = { ...defaultRecipe().model, layers: 2, heads: 2, width: 64, context };
  const config = resolveModel(wishes, 512);
  const write = async (backend: Backend, from: string): Promise<number[]> => {
    const model = await loadModel(from, backend);
    const ids: number[] = [];
    for await (const event of generate(model, [1], { temperature: 0, maxTokens: tokens }))
      if (event.kind === 'token') ids.push(event.id);
    return ids;
  };
  const compare = async (from: string): Promise<string> => {
    const [ours, theirs] = [await write(gpu, from), await write(cpu, from)];
    const differs = theirs.findIndex((id, at) => id !== ours[at]);
    if (differs >= 0) throw new Error(`Greedy token ${differs} is not the CPU's.`);
    return `${ours.length} greedy tokens of ${folder === undefined ? 'random weights' : 'the model'}: the CPU's`;
  };
  return folder === undefined ? withModel(config, compare) : compare(folder);
}
