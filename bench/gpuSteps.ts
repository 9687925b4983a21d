/**
 * Where the time of a training step goes on WebGPU: dispatches, pipelines, host microseconds a dispatch,
 * the GPU's own time by its timestamps and by kernel, and the bytes that the dispatches bind. On a
 * software adapter only the counts and the host's side mean something.
 *
 *   npm run bench -- gpuSteps [--layers 12] [--width 64] [--heads 4] [--context 32] [--batch 1]
 *     [--vocab 512] [--rounds 5] [--kernels 8] [--precision f32|f16] [--tune]
 *
 * Defaults are GPT-2's depth with little arithmetic. GPT-2 itself: --width 768 --heads 12 --context 1024
 * --batch 8 --vocab 50257.
 */
import { parseArgs } from 'node:util';
import { openWebgpu, profile } from '../src/engine/backend/webgpu/webgpu';
import type { RunProfile } from '../src/engine/backend/webgpu/webgpu';
import { initialParameters, parameterCount, resolveModel } from '../src/engine/model/model';
import { parameterShapes } from '../src/engine/interop/interop';
import { optimizerStates, stepGraph } from '../src/engine/train/train';
import { defaultRecipe } from '../src/recipe/run';
import { median } from './support/rounds';

const { values } = parseArgs({
  options: {
    layers: { type: 'string', default: '12' },
    width: { type: 'string', default: '64' },
    heads: { type: 'string', default: '4' },
    context: { type: 'string', default: '32' },
    batch: { type: 'string', default: '1' },
    vocab: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '5' },
    kernels: { type: 'string', default: '8' },
    precision: { type: 'string', default: 'f32' },
    tune: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const [layers, width, heads] = [values.layers, values.width, values.heads].map(Number);
  const [context, batch, vocab] = [values.context, values.batch, values.vocab].map(Number);
  const size = { context: context!, layers: layers!, width: width!, heads: heads! };
  const config = resolveModel({ preset: 'tiny', freeze: [], ...size, kvHeads: heads! }, vocab!);
  const precision = values.precision === 'f16' ? 'f16' : 'f32';
  const backend = await openWebgpu({
    software: true,
    precision,
    ...(values.tune ? { tune: true } : {}),
  });
  console.log(
    `${backend.adapter}; ${parameterCount(config).toLocaleString('en')} parameters, ${layers} layers, width ${width}, batch ${batch} x ${context}, ${precision}`,
  );
  const settings = defaultRecipe().train;
  const parameters = parameterShapes(config);
  const states = new Map([...parameters, ...optimizerStates(settings, parameters)]);
  const shape = { config, batch: batch!, context: context!, segments: false, trains: () => true };
  const graph = stepGraph({ ...shape, precision }, settings);
  const store = await backend.allocate(states);
  for (const { name, data } of initialParameters(config, 1)) await store.write(name, data);
  const began = performance.now();
  const program = await store.compile(graph);
  const compile = performance.now() - began;

  const tokens = batch! * context!;
  const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % vocab!);
  const one = Float32Array.of(1);
  const feeds = {
    ...{ tokens: ids, targets: ids, weights: new Float32Array(tokens).fill(1) },
    ...{ normalizer: Float32Array.of(1 / tokens), learningRate: Float32Array.of(1e-4) },
    ...{ correction1: one, correction2: one },
    ...(precision === 'f16' ? { lossScale: one } : {}),
  };
  await program.run(feeds);
  const profiles: RunProfile[] = [];
  for (let round = 0; round < Number(values.rounds); round++)
    profiles.push((await profile(program, feeds, 'whole')).profile);
  const of = (part: (each: RunProfile) => number): number => median(profiles.map(part));
  const [first] = profiles;
  const dispatches = first!.dispatches;
  // The least: other work on the machine only adds.
  const least = (part: (each: RunProfile) => number): number => Math.min(...profiles.map(part));
  const host = least(({ host: { upload, encode, submit } }) => upload + encode + submit);
  const micro = (milliseconds: number): string => ((1000 * milliseconds) / dispatches).toFixed(2);
  console.table({
    dispatches,
    pipelines: first!.pipelines,
    'compile ms': Math.round(compile),
    'host ms a step': host.toFixed(2),
    'upload us a dispatch': micro(least((each) => each.host.upload)),
    'encode us a dispatch': micro(least((each) => each.host.encode)),
    'submit us a dispatch': micro(least((each) => each.host.submit)),
    'GPU ms a step': of((each) => each.gpu).toFixed(2),
    clock: first!.clock,
    'host of GPU': `${((100 * host) / of((each) => each.gpu)).toFixed(2)}%`,
    'MB bound a step': (first!.bytes / 1e6).toFixed(1),
    'MB of memory besides states': (first!.memory / 1e6).toFixed(1),
  });
  const { profile: apart } = await profile(program, feeds, 'kernels');
  console.table(
    apart.kernels.slice(0, Number(values.kernels)).map(({ name, ...kernel }) => ({
      kernel: name,
      dispatches: kernel.dispatches,
      'ms a step': kernel.milliseconds.toFixed(2),
      'MB bound': (kernel.bytes / 1e6).toFixed(1),
    })),
  );
  await backend.dispose();
}

await main();
