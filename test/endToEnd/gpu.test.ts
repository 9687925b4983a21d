/**
 * The command line on WebGPU, on this machine's GPU or on SwiftShader: the CPU's numbers, from training
 * to the text that is written, and what `auto` takes.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import { checkpoint, metrics, testFolder, writeText } from '../train/runs';
import { SMALL, json } from './programs';

useSoftwareAdapter();
const folder = testFolder();
const text = writeText(folder);
const run = path.join(folder, 'run');
const model = checkpoint(run, 20);
const golden = (name: string): string => path.resolve('test', 'goldens', 'hf-models', name);
const onGpu = ['--backend', 'webgpu', '--precision', 'f32'];
const onCpu = ['--backend', 'onnx'];

beforeAll(async () => {
  await json(['train', '--data', text, ...SMALL, '--steps', '20', '--out', run, ...onCpu]);
});

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);

function expectClose(got: readonly number[], wanted: readonly number[], within: number): void {
  expect(got).toHaveLength(wanted.length);
  const farthest = Math.max(...got.map((value, i) => Math.abs(value - wanted[i]!)));
  expect(farthest).toBeLessThan(within);
}

describe('on WebGPU the command line', () => {
  it.each([
    ['with AdamW', []],
    ['with Muon', ['train.optimizer=muon']],
    [
      'over several batches, with a part of the model frozen',
      ['train.accumulate=2', 'model.freeze=["model.embed_tokens.*"]'],
    ],
  ])('trains as on the CPU, %s', async (name, settings) => {
    const out = (backend: string): string => path.join(folder, `${name} ${backend}`);
    const args = ['train', '--data', text, ...SMALL, ...settings, '--steps', '4'];
    await json([...args, ...onCpu, '--out', out('cpu')]);
    await json([...args, ...onGpu, '--out', out('gpu')]);
    const losses = (backend: string): number[] =>
      metrics(out(backend)).map(({ loss, valLoss }) => Number(loss ?? valLoss));
    expectClose(losses('gpu'), losses('cpu'), 1e-4);
  });

  it.each(['llama3', 'qwen2', 'qwen3'])('loads %s and gives its logits', async (name) => {
    const args = ['logits', '--model', golden(name), '--ids', '1,2,3,4,5'];
    const [cpu] = await json([...args, ...onCpu]);
    const [gpu] = await json([...args, ...onGpu]);
    expect(gpu).toMatchObject({ backend: 'webgpu', precision: 'f32' });
    expectClose(numbers(gpu?.['logits']), numbers(cpu?.['logits']), 1e-4);
  });

  it('writes the same text, token by token through its cache, and measures the same', async () => {
    const write = ['generate', '--model', model, '--prompt', 'The ', '--temperature', '0'];
    const ids = async (where: readonly string[]): Promise<unknown[]> => {
      const lines = await json([...write, '--max-tokens', '24', ...where]);
      return lines.map(({ id, text: written }) => id ?? written);
    };
    expect(await ids(onGpu)).toEqual(await ids(onCpu));

    const measured = async (where: readonly string[]): Promise<number> => {
      const [line] = await json(['eval', '--model', model, '--data', text, ...where]);
      return Number(line?.['loss']);
    };
    expectClose([await measured(onGpu)], [await measured(onCpu)], 1e-4);
  });

  it('lists the adapter, and trains by itself on hardware alone', async () => {
    const devices = await json(['devices']);
    const gpu = devices.find(({ backend }) => backend === 'webgpu');
    expect(gpu).toMatchObject({ available: true });
    const { software, automatic } = gpu!['details'] as Record<string, unknown>;
    expect(automatic).toBe(!software);

    const cwd = path.join(folder, 'auto');
    mkdirSync(cwd);
    const [answer] = await json(['logits', '--model', model, '--ids', '1,2'], { cwd });
    expect(answer?.['backend']).toBe(software === true ? 'onnx' : 'webgpu');
  });
});
