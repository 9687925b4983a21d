/**
 * Decoding against llama.cpp: tokens a second for 128 greedy tokens after a prompt of 32, at the
 * `small` and `base` presets with random weights, in float32, on the same number of threads.
 *
 *   npm run bench -- decode [--sizes small,base] [--threads 1] [--rounds 5]
 *     [--peer NODE_MODULES --python PYTHON]   node-llama-cpp, and a Python with gguf and safetensors
 *     [--folder FOLDER]                       keeps the models there
 *
 * Every measurement is a process of its own, ours and the peer's by turns; the table gives medians of
 * the rounds. Beside tokens a second by the clock stands the processor time a token takes, which
 * other programs on the machine disturb less. The peer is asked through node-llama-cpp.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { openOnnx } from '../src/engine/backend/onnx/onnx';
import { generate, loadModel } from '../src/engine/infer/infer';
import { tensorsInMemory, writeModelFolder } from '../src/engine/interop/interop';
import { defaultRecipe } from '../src/recipe/run';
import { initialParameters, parameterCount, resolveModel } from '../src/engine/model/model';

const PROMPT = Array.from({ length: 32 }, (_, i) => 100 + 7 * i);
const TOKENS = 128;
const REPEATS = 3;
const VOCAB = { small: 4096, base: 50257 } as const;
type Size = keyof typeof VOCAB;

const measurementSchema = z.object({
  /** Milliseconds from the first token to the last, for each repeat. */
  spans: z.array(z.number()),
  /** Milliseconds of processor time in those spans. */
  processor: z.array(z.number()),
  /** Milliseconds to the first token, for each repeat. */
  prompts: z.array(z.number()),
  /** Milliseconds from the start to the first token of all, models read and programs compiled. */
  loading: z.number(),
  /** The process's most memory, in MiB. */
  memory: z.number(),
  ids: z.array(z.int()),
});
type Measurement = z.infer<typeof measurementSchema>;

async function timed(begun: number, write: () => AsyncIterable<number>): Promise<Measurement> {
  const result: Measurement = {
    spans: [],
    processor: [],
    prompts: [],
    loading: 0,
    memory: 0,
    ids: [],
  };
  for (let repeat = -1; repeat < REPEATS; repeat++) {
    const ids: number[] = [];
    const started = performance.now();
    let first = started;
    let busy = process.cpuUsage();
    for await (const id of write()) {
      if (ids.length === 0) {
        first = performance.now();
        busy = process.cpuUsage();
      }
      ids.push(id);
      if (ids.length === TOKENS) break;
    }
    // The first one warms up.
    if (repeat < 0) {
      result.loading = first - begun;
      continue;
    }
    const { user, system } = process.cpuUsage(busy);
    result.spans.push(performance.now() - first);
    result.processor.push((user + system) / 1000);
    result.prompts.push(first - started);
    result.ids = ids;
  }
  result.memory = process.resourceUsage().maxRSS / 1024;
  return result;
}

async function measureOurs(folder: string, threads: number): Promise<Measurement> {
  const begun = performance.now();
  const backend = await openOnnx({ threads });
  const model = await loadModel(folder, backend);
  return timed(begun, async function* () {
    model.forget();
    for await (const step of generate(model, PROMPT, { temperature: 0, maxTokens: TOKENS })) {
      if (step.kind === 'token') yield step.id;
    }
  });
}

/** As much of node-llama-cpp as is used here. */
interface Peer {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{
        getSequence(): {
          clearHistory(): Promise<void>;
          evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
        };
      }>;
    }>;
  }>;
}

async function measurePeer(file: string, threads: number, modules: string): Promise<Measurement> {
  const begun = performance.now();
  const entry = path.join(modules, 'node-llama-cpp', 'dist', 'index.js');
  const peer = (await import(pathToFileURL(entry).href)) as Peer;
  const llama = await peer.getLlama({
    gpu: false,
    build: 'never',
    maxThreads: threads,
    logLevel: 'error',
  });
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({
    contextSize: 256,
    threads,
  });
  const sequence = context.getSequence();
  return timed(begun, async function* () {
    await sequence.clearHistory();
    yield* sequence.evaluate(PROMPT, { temperature: 0, yieldEogToken: true });
  });
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: 'small,base' },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      peer: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      folder: { type: 'string' },
      measure: { type: 'string' },
    },
  });
  const threads = Number(values.threads);
  if (values.measure !== undefined) {
    const measured = values.measure.endsWith('.gguf')
      ? await measurePeer(values.measure, threads, values.peer!)
      : await measureOurs(values.measure, threads);
    console.log(JSON.stringify(measured));
    process.exit(0);
  }

  const folder = values.folder ?? mkdtempSync(path.join(tmpdir(), 'glassbox-decode-'));
  const measure = (model: string): Measurement => {
    const args = [process.argv[1]!, '--measure', model, '--threads', values.threads];
    if (values.peer !== undefined) args.push('--peer', values.peer);
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`Measuring ${model} failed:\n${stderr}`);
    return measurementSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
  };

  const header = ['size', 'parameters', 'threads', 'program', 'tokens/s', 'ratio'];
  header.push('CPU ms/token', 'prompt ms', 'first load ms', 'peak MiB', 'same tokens');
  console.log(`| ${header.join(' | ')} |\n|${'---|'.repeat(header.length)}`);
  for (const size of values.sizes.split(',') as Size[]) {
    const config = resolveModel({ ...defaultRecipe().model, preset: size }, VOCAB[size]);
    const model = path.join(folder, size);
    const file = `${model}.gguf`;
    if (!existsSync(model)) {
      const tensors = [...initialParameters(config, 1)].map(
        ({ name, shape, data }) => [name, shape, data] as const,
      );
      await writeModelFolder(model, { config, tensors: tensorsInMemory(tensors) });
    }
    if (values.peer !== undefined && !existsSync(file)) {
      const script = path.join('bench', 'python', 'write_gguf.py');
      execFileSync(values.python, [script, model, file], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    }
    const ours: Measurement[] = [];
    const theirs: Measurement[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(measure(model));
      if (values.peer !== undefined) theirs.push(measure(file));
    }
    const rate = (all: readonly Measurement[]): number =>
      median(all.map(({ spans }) => ((TOKENS - 1) * 1000) / median(spans)));
    const show = (program: string, all: readonly Measurement[]): void => {
      const of = (pick: (one: Measurement) => number): number => median(all.map(pick));
      const differs = ours[0]!.ids.findIndex((id, at) => id !== all[0]!.ids[at]);
      const row = [
        size,
        parameterCount(config),
        threads,
        program,
        rate(all).toFixed(1),
        (rate(all) / rate(theirs.length > 0 ? theirs : ours)).toFixed(2),
        of(({ processor }) => median(processor) / (TOKENS - 1)).toFixed(2),
        of(({ prompts }) => median(prompts)).toFixed(0),
        of(({ loading }) => loading).toFixed(0),
        of(({ memory }) => memory).toFixed(0),
        differs < 0 ? 'all' : `first ${differs}`,
      ];
      console.log(`| ${row.join(' | ')} |`);
    };
    show('glassbox', ours);
    if (theirs.length > 0) show('llama.cpp', theirs);
  }
  if (values.folder === undefined) await rm(folder, { recursive: true });
}

void main();
