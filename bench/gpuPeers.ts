/**
 * Ours against its peers in JavaScript on one and the same WebGPU adapter, by turns: matrix products in
 * f32 against onnxruntime's WebGPU provider and jax-js, and nanoGPT's CPU-sized training step (4 layers,
 * 4 heads, width 128, context 64, batch 12) against jax-js. On a machine without a GPU the adapter is a
 * software one, lavapipe for choice: VK_ICD_FILENAMES names its driver's file, and only that one.
 *
 *   npm run bench -- gpuPeers [--products 512x512x512,768x384x1024] [--rounds 3] [--repeats 5]
 *     [--no-step]             leaves the training step out
 *     [--peer NODE_MODULES]   where @jax-js/jax is installed
 *
 * Our kernels are chosen by trying them on the adapter, as on hardware (before the timing begins). A
 * product's first operand goes to the GPU and its result comes back in every run, on all sides; the
 * second one stays there. Every contender's results are checked: products against sums in float64, the
 * losses of the steps against one another. Ratios are taken round by round, both by the clock and by
 * processor time, of which a software adapter's arithmetic is nearly all.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { openWebgpu } from '../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../src/engine/graph/graph';
import { parameterCount, resolveModel } from '../src/engine/model/model';
import { measureJaxMatmul, measureJaxStep } from './support/jaxPeer';
import { check, flopsOf, operands, readCase } from './support/matmulCase';
import type { MatmulCase } from './support/matmulCase';
import { measureOnnx } from './support/onnxPeer';
import { inProcess, median, timeRuns, timingSchema } from './support/rounds';
import type { Timing } from './support/rounds';
import { feeds, openStep } from './support/trainingStep';

const PRODUCTS = '512x512x512,768x768x768,1024x1024x1024,768x384x1024';
const NANO = {
  config: resolveModel({ preset: 'tiny', context: 64, freeze: [] }, 65),
  batch: 12,
};

const measuredSchema = timingSchema.extend({
  adapter: z.string().optional(),
  losses: z.array(z.number()).optional(),
});
type Measured = z.infer<typeof measuredSchema>;

/** As on hardware: kernels are chosen by trying them, once for all rounds. */
function openTuned(cacheFolder: string): ReturnType<typeof openWebgpu> {
  return openWebgpu({ software: true, tune: true, tuningTime: 900_000, cacheFolder });
}

async function measureOurMatmul(
  product: MatmulCase,
  { repeats, cache }: Options,
): Promise<Measured> {
  const { rows, inner, columns } = product;
  const { a, b } = operands(product);
  const backend = await openTuned(cache);
  const store = await backend.allocate(new Map([['b', [inner, columns]]]));
  await store.write('b', b);
  const graph = new GraphBuilder();
  const left = graph.input('a', 'f32', [rows, inner]);
  graph.output('y', graph.matmul(left, graph.state('b', [inner, columns])));
  const program = await store.compile(graph.build());
  let y: ArrayLike<number> = [];
  const timing = await timeRuns(repeats, async () => {
    y = (await program.run({ a }))['y']!;
  });
  check(product, { a, b }, y);
  return { ...timing, adapter: backend.adapter };
}

async function measureOurStep({ repeats, cache }: Options): Promise<Measured> {
  const backend = await openTuned(cache);
  const { program } = await openStep(backend, NANO);
  const fed = feeds(NANO, backend.precision);
  const losses: number[] = [];
  const timing = await timeRuns(repeats, async () => {
    losses.push((await program.run(fed.next().value))['loss']![0]!);
  });
  return { ...timing, losses, adapter: backend.adapter };
}

interface Options {
  readonly repeats: number;
  /** Where jax-js is installed. */
  readonly peer: string;
  /** Where our choice of kernels is kept. */
  readonly cache: string;
}

function measure(who: string, what: string, options: Options): Promise<Measured> {
  const { repeats, peer } = options;
  if (what === 'step')
    return who === 'jax-js' ? measureJaxStep(NANO, repeats, peer) : measureOurStep(options);
  const product = readCase(what);
  switch (who) {
    case 'onnxruntime':
      return measureOnnx(product, repeats);
    case 'jax-js':
      return measureJaxMatmul(product, repeats, peer);
    default:
      return measureOurMatmul(product, options);
  }
}

/** Throws where two contenders' losses part. */
function compareLosses(all: readonly (readonly [who: string, losses: readonly number[]])[]): void {
  const [[, ours], ...others] = all as readonly [(typeof all)[0], ...typeof all];
  for (const [who, theirs] of others)
    ours.forEach((loss, step) => {
      if (!(Math.abs(loss - theirs[step]!) < 1e-3 * loss))
        throw new Error(`Step ${step + 1}: our loss is ${loss}, that of ${who} ${theirs[step]}`);
    });
}

const by = (key: keyof Timing, measured: Measured): number => median(measured[key]);

function report(what: string, rounds: ReadonlyMap<string, readonly Measured[]>): void {
  const ours = rounds.get('Glassbox')!;
  for (const [who, theirs] of rounds) {
    const of = (key: keyof Timing): number => median(theirs.map((each) => by(key, each)));
    const ratio = (key: keyof Timing): string =>
      median(theirs.map((each, round) => by(key, each) / by(key, ours[round]!))).toFixed(2);
    const rate = (key: keyof Timing): string =>
      what === 'step' ? '' : (flopsOf(readCase(what)) / of(key) / 1e6).toFixed(2);
    const cells = [what, who, of('wall').toFixed(0), of('processor').toFixed(0)];
    cells.push(rate('wall'), rate('processor'), ratio('wall'), ratio('processor'));
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      products: { type: 'string', default: PRODUCTS },
      rounds: { type: 'string', default: '3' },
      repeats: { type: 'string', default: '5' },
      'no-step': { type: 'boolean', default: false },
      peer: { type: 'string', default: '' },
      measure: { type: 'string' },
      what: { type: 'string', default: '' },
      cache: { type: 'string' },
    },
  });
  const { peer, repeats } = values;
  if (values.measure !== undefined) {
    const options = { repeats: Number(repeats), peer, cache: values.cache ?? '' };
    const measured = await measure(values.measure, values.what, options);
    console.log(JSON.stringify(measured));
    process.exit(0);
  }

  const cache = mkdtempSync(path.join(tmpdir(), 'glassbox-peers-'));
  const header = ['product or step', 'program', 'ms', 'processor ms', 'GFLOP/s'];
  header.push('GFLOP a processor second', 'ours is faster', 'by processor time');
  console.log(`| ${header.join(' | ')} |\n|${'---|'.repeat(header.length)}`);
  let adapter: string | undefined;
  const products = values.products.split(',').filter((product) => product !== '');
  for (const what of [...products, ...(values['no-step'] ? [] : ['step'])]) {
    const contenders = ['Glassbox'];
    if (what !== 'step') contenders.push('onnxruntime');
    if (peer !== '') contenders.push('jax-js');
    const rounds = new Map<string, Measured[]>(contenders.map((who) => [who, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [who, all] of rounds) {
        const args = ['--measure', who, '--what', what, '--repeats', repeats, '--peer', peer];
        all.push(inProcess([...args, '--cache', cache], measuredSchema));
      }
    if (what === 'step')
      compareLosses([...rounds].map(([who, all]) => [who, all[0]!.losses!] as const));
    adapter ??= rounds.get('Glassbox')![0]!.adapter;
    report(what, rounds);
  }
  const size = `${parameterCount(NANO.config).toLocaleString('en')} parameters`;
  console.log(`\n${adapter ?? ''}; the step has ${size}, context 64, batch 12`);
}

void main();
