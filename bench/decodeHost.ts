/**
 * What the host does for a token that is written on WebGPU, without a GPU: on Dawn's null adapter, which
 * takes every command and computes nothing, so that of a token's time by the clock nothing is a GPU's. A real
 * one hides much of it behind its own work, and adds its driver's. The model has GPT-2's 12 layers and its
 * vocabulary of 50,257, so as many dispatches and logits, but a width of 512, for the null adapter has half a
 * gigabyte. What it leaves in memory is anything, so its logits are made up: the same for each token.
 *
 *   npm run bench -- decodeHost [--repeats 10] [--tokens 128]
 */
import { parseArgs } from 'node:util';
import { create } from 'webgpu';
import { Rng } from '../src/base/rng';
import type { Store } from '../src/engine/backend/backend';
import { Device } from '../src/engine/backend/webgpu/device';
import { GpuStore } from '../src/engine/backend/webgpu/store';
import { modelOn } from '../src/engine/infer/infer';
import { parameterShapes } from '../src/engine/interop/interop';
import { resolveModel } from '../src/engine/model/model';
import { defaultRecipe } from '../src/recipe/run';
import { tokenTimes } from './support/gpuOurs';
import { median } from './support/rounds';

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '10' },
    tokens: { type: 'string', default: '128' },
  },
});
// Kept: Dawn goes when it is collected.
const dawn = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

async function openNull(): Promise<Device> {
  const adapter = await dawn.requestAdapter();
  if (!adapter) throw new Error('Dawn has no null adapter.');
  return new Device(await adapter.requestDevice({ requiredFeatures: ['subgroups'] }));
}

/** With these logits, whatever the adapter says. */
function withLogits(store: Store, made: Float32Array): Store {
  return {
    states: store.states,
    concurrent: store.concurrent,
    add: (states) => store.add(states),
    remove: (names) => store.remove(names),
    write: (name, data) => store.write(name, data),
    read: (name) => store.read(name),
    dispose: () => store.dispose(),
    compile: async (graph, options) => {
      const program = await store.compile(graph, options);
      return {
        run: async (feeds) => {
          const results = await program.run(feeds);
          results['logits']?.set(made);
          return results;
        },
        dispose: () => program.dispose(),
      };
    },
  };
}

async function main(): Promise<void> {
  const size = { width: 512, heads: 8, kvHeads: 8 };
  const config = resolveModel({ ...defaultRecipe().model, preset: 'base', ...size }, 50257);
  const device = await openNull();
  const store = new GpuStore(device);
  await store.add(parameterShapes(config));
  const rng = new Rng(1);
  const logits = Float32Array.from({ length: config.vocab }, () => 3 * rng.normal());
  const model = modelOn(withLogits(store, logits), { config });
  const [tokens, repeats] = [Number(values.tokens), Number(values.repeats)];
  const times = await tokenTimes(model, tokens, repeats);
  console.log(
    `${median(times).toFixed(3)} ms of the host a token, ${Math.min(...times).toFixed(3)} at least (${repeats} times ${tokens} tokens)`,
  );
  device.dispose();
}

await main();
