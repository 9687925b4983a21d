/** Low-rank adapters: what is learnt is little, on the disk it is one model again, and PEFT's files. */
import { mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { conversations } from '../../src/engine/conversationService';
import { openSafetensors } from '../../src/engine/interop/interop';
import { resumeRun, startRun } from '../../src/engine/train/train';
import {
  checkpoint,
  collect,
  context as plain,
  goOn,
  never,
  smallRecipe,
  testFolder,
  timeless,
  train,
  weights,
  writeText,
} from './runs';

const folder = testFolder();
const context = { ...plain, conversations };
const text = writeText(folder);
const base = path.join(folder, 'base');
await train(smallRecipe(text, 'train.steps=5', 'model.context=32'), base);
const origin = checkpoint(base, 5);

const FROM = [
  ...['model.layers=null', 'model.width=null', 'model.heads=null', 'model.intermediate=null'],
  ...['model.context=null', 'tokenizer.kind=bpe', `model.from=${origin}`, 'model.lora.rank=2'],
];
const place = (): string => mkdtempSync(path.join(folder, 'run-'));
const tensors = async (file: string): Promise<Map<string, Float32Array>> => {
  const opened = await openSafetensors(file);
  const found = new Map<string, Float32Array>();
  for (const name of opened.tensors.keys()) found.set(name, await opened.readF32(name));
  await opened.close();
  return found;
};
const model = (of: string): Promise<Map<string, Float32Array>> =>
  tensors(path.join(of, 'model.safetensors'));
const adapter = (of: string): Promise<Map<string, Float32Array>> =>
  tensors(path.join(of, 'adapter', 'adapter_model.safetensors'));
const Q = 'model.layers.0.self_attn.q_proj';

describe('a run that trains adapters', () => {
  it('changes the targets alone, by what the adapters say', async () => {
    const run = place();
    const targets = 'model.lora.targets=["q_proj","down_proj"]';
    await train(smallRecipe(text, ...FROM, targets, 'train.steps=6'), run);
    const [before, after] = [await model(origin), await model(checkpoint(run, 6))];
    const learnt = await adapter(checkpoint(run, 6));
    for (const [name, data] of before) {
      const same = Buffer.from(data.buffer).equals(Buffer.from(after.get(name)!.buffer));
      expect([name, same]).toEqual([name, !/q_proj|down_proj/.test(name)]);
    }
    expect(learnt.size).toBe(4);
    const a = learnt.get(`base_model.model.${Q}.lora_A.weight`)!;
    const b = learnt.get(`base_model.model.${Q}.lora_B.weight`)!;
    const scale = 16 / 2;
    for (let row = 0; row < 16; row++)
      for (let column = 0; column < 16; column++) {
        let sum = before.get(`${Q}.weight`)![row * 16 + column]!;
        for (let k = 0; k < 2; k++) sum += scale * b[row * 2 + k]! * a[k * 16 + column]!;
        expect(after.get(`${Q}.weight`)![row * 16 + column]).toBeCloseTo(sum, 5);
      }
    const config: unknown = JSON.parse(
      readFileSync(path.join(checkpoint(run, 6), 'adapter', 'adapter_config.json'), 'utf8'),
    );
    expect(config).toMatchObject({
      ...{ peft_type: 'LORA', r: 2, lora_alpha: 16, modules_to_save: null },
      target_modules: ['q_proj', 'down_proj'],
      base_model_name_or_path: origin,
    });
  });

  it('resumes to the last bit, and begins as the model that it came from', async () => {
    const [whole, halves] = [place(), place()];
    const recipe = (steps: number) =>
      smallRecipe(text, ...FROM, `train.steps=${steps}`, 'train.optimizer=muon');
    await train(recipe(10), whole);
    await train(recipe(5), halves);
    await goOn(halves, ['train.steps=10']);
    expect(weights(halves, 10).equals(weights(whole, 10))).toBe(true);
    expect(timeless(halves).at(-1)).toEqual(timeless(whole).at(-1));
    const full = place();
    const withoutLora = FROM.filter((each) => !each.includes('lora'));
    await train(smallRecipe(text, ...withoutLora, 'train.steps=1'), full);
    expect(timeless(full)[0]).toMatchObject({
      loss: expect.closeTo((timeless(whole)[0] as { loss: number }).loss, 5) as number,
    });
  });

  it('learns the embedding too where conversations bring new tokens', async () => {
    const talks = Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ question: `${i}?`, answer: 'ab' }),
    ).join('\n');
    const file = writeText(folder, 'talks.jsonl', talks);
    const asked = ['data.format=conversations', 'chat.template=nanochat', 'samples.prompts=[]'];
    const recipe = (steps: number) => smallRecipe(file, ...FROM, ...asked, `train.steps=${steps}`);
    const [whole, halves] = [place(), place()];
    await collect(startRun(recipe(10), { folder: whole }, context, never));
    await collect(startRun(recipe(5), { folder: halves }, context, never));
    const settings = ['train.steps=10'];
    await collect(resumeRun(halves, { settings, out: undefined }, context, never));
    expect(weights(halves, 10).equals(weights(whole, 10))).toBe(true);
    const learnt = await adapter(checkpoint(whole, 10));
    const embedding = learnt.get('base_model.model.model.embed_tokens.weight');
    expect(embedding).toEqual(
      (await model(checkpoint(whole, 10))).get('model.embed_tokens.weight'),
    );
  });

  it('needs a model to begin from', () => {
    expect(() => smallRecipe(text, 'model.lora.rank=2')).toThrow(/model\.lora: needs model\.from/);
    expect(() => smallRecipe(text, ...FROM, 'model.lora.targets=["x"]')).toThrow(/q_proj/);
  });
});
