/**
 * What a training step is on WebGPU before it runs anywhere: its dispatches by kernel, of the
 * optimizer alone too, from the lowering of the graph. Needs no GPU.
 *
 *   npm run bench -- dispatches [--precision f16] [--optimizer muon]
 *
 * The model is GPT-2's size: 12 layers, 12 heads, width 768, vocabulary 50,257, context 1,024.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { lower } from '../src/engine/backend/webgpu/rules';
import { resolveModel } from '../src/engine/model/model';
import { stepGraph } from '../src/engine/train/train';
import { defaultRecipe } from '../src/recipe/run';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { precision: { type: 'string' }, optimizer: { type: 'string' } },
});
const precision: 'f32' | 'f16' = values.precision === 'f16' ? 'f16' : 'f32';
const config = resolveModel(
  { layers: 12, heads: 12, width: 768, context: 1024, freeze: [] },
  50_257,
);
const settings = {
  ...defaultRecipe().train,
  optimizer: values.optimizer === 'muon' ? ('muon' as const) : ('adamw' as const),
};
const shape = {
  ...{ config, batch: 1, context: 1024, segments: false, precision },
  trains: () => true,
};
const graph = stepGraph(shape, settings);
const { dispatches } = lower(graph, {
  f16: precision === 'f16',
  precision,
  subgroups: true,
  leastSubgroup: 32,
  maxStorageBufferBindingSize: 2 ** 31,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
});
const kinds = new Map<string, number>();
for (const { kernel } of dispatches) {
  const kind = /^[a-zA-Z]+/.exec(kernel.name)?.[0] ?? kernel.name;
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1])) console.log(`${count} ${kind}`);
console.log(`${dispatches.length} dispatches a step, ${precision}, ${settings.optimizer}`);
