/**
 * A training step against PyTorch, side by side in one run: the same model written plainly, and with
 * torch.compile. Every measurement is a process of its own; ours and theirs take turns, round after
 * round, and the table has medians over the rounds and the ratios to plain PyTorch.
 *
 *   npm run bench -- training [--shape nano|small] [--threads N] [--rounds N] [--python PATH]
 *
 * nano is nanoGPT's CPU shape (4 layers, 4 heads, width 128, context 64, batch 12); small is the
 * preset. Without --python only ours is measured: tokens/s, step, peak memory, session build time.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { openOnnx } from '../src/engine/backend/onnx/onnx';
import { parameterCount, resolveModel } from '../src/engine/model/model';
import type { ModelConfig } from '../src/recipe/model';
import { median } from './support/rounds';
import { feeds, openStep } from './support/trainingStep';

interface Shape {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly steps: number;
  readonly warmup: number;
}

const nano = resolveModel({ preset: 'tiny', context: 64, freeze: [] }, 65);
const SHAPES: Readonly<Record<string, Shape>> = {
  nano: { config: nano, batch: 12, steps: 150, warmup: 20 },
  small: {
    config: resolveModel({ preset: 'small', freeze: [] }, 4096),
    batch: 8,
    steps: 12,
    warmup: 3,
  },
};

const resultSchema = z.object({
  tokensPerSecond: z.number(),
  stepMsMedian: z.number(),
  peakRssMb: z.number(),
  buildMs: z.number().optional(),
});
type Result = z.infer<typeof resultSchema>;

/** One measurement in this process, printed as a line of JSON. */
async function measureOurs(
  { config, batch, steps, warmup }: Shape,
  threads: number,
): Promise<void> {
  const shape = { config, batch };
  const backend = await openOnnx({ threads });
  const { program, buildMs } = await openStep(backend, shape);
  const size = batch * config.context;
  const times: number[] = [];
  let step = 0;
  for (const fed of feeds(shape, backend.precision)) {
    if (step++ === warmup + steps) break;
    const before = performance.now();
    await program.run(fed);
    if (step > warmup) times.push(performance.now() - before);
  }
  const stepMsMedian = median(times);
  const result: Result = {
    tokensPerSecond: (size / stepMsMedian) * 1000,
    stepMsMedian,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    buildMs,
  };
  console.log(JSON.stringify(result));
}

function measure(command: string, args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
  return resultSchema.parse(JSON.parse(line));
}

function peerArguments({ config, batch, steps, warmup }: Shape, threads: number): string[] {
  const { layers, heads, kvHeads, width, intermediate, context, vocab } = config;
  const options = {
    layers,
    heads,
    'kv-heads': kvHeads,
    width,
    intermediate,
    context,
    vocab,
    batch,
    steps,
    warmup,
    threads,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return ['bench/python/training_peer.py', ...flags, ...(config.tieEmbeddings ? [] : ['--untied'])];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      shape: { type: 'string', default: 'nano' },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      python: { type: 'string' },
      ours: { type: 'boolean', default: false },
    },
  });
  const shape = SHAPES[values.shape];
  if (!shape) throw new Error(`--shape is one of ${Object.keys(SHAPES).join(', ')}`);
  const threads = Number(values.threads);
  if (values.ours) {
    await measureOurs(shape, threads);
    return;
  }
  const self = process.argv[1] ?? '';
  const ours = [self, '--ours', '--shape', values.shape, '--threads', values.threads];
  const contenders: [string, () => Result][] = [
    ['Glassbox', () => measure(process.execPath, ours)],
  ];
  const { python } = values;
  if (python !== undefined) {
    const plain = peerArguments(shape, threads);
    contenders.push(['PyTorch', () => measure(python, plain)]);
    contenders.push(['PyTorch, torch.compile', () => measure(python, [...plain, '--compile'])]);
  }
  const results = new Map<string, Result[]>(contenders.map(([name]) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, run] of contenders) results.get(name)?.push(run());
  }
  const { config, batch } = shape;
  const size = `${parameterCount(config).toLocaleString('en')} parameters`;
  const what = `${values.shape}: ${size}, context ${config.context}, batch ${batch}`;
  console.log(`${what}; ${values.threads} threads, medians of ${values.rounds} rounds\n`);
  const rate = (name: string, each: (result: Result) => number): number =>
    median((results.get(name) ?? []).map(each));
  const rows = contenders.map(([name]) => ({
    name,
    'tokens/s': Math.round(rate(name, (each) => each.tokensPerSecond)),
    'ms a step': Number(rate(name, (each) => each.stepMsMedian).toFixed(1)),
    'peak MB': Math.round(rate(name, (each) => each.peakRssMb)),
    'build ms': Math.round(rate(name, (each) => each.buildMs ?? NaN)),
    // Round by round: both halves of a ratio saw the same machine.
    'x plain PyTorch': Number(
      median(
        (results.get(name) ?? []).map(
          ({ tokensPerSecond }, round) =>
            tokensPerSecond / (results.get('PyTorch')?.[round]?.tokensPerSecond ?? NaN),
        ),
      ).toFixed(2),
    ),
  }));
  console.table(rows);
}

void main();
