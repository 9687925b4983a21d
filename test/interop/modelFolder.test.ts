import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/engine/graph/graph';
import {
  openSafetensors,
  parameterShapes,
  parseModelConfig,
  readModelFolder,
  tensorsInMemory,
  writeModelFolder,
  writeSafetensors,
  type ModelFolder,
} from '../../src/engine/interop/interop';
import type { ModelConfig } from '../../src/recipe/model';

/** A text that the pattern matches, inside `toMatchObject` (a bare RegExp there checks nothing). */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const goldens = path.join(import.meta.dirname, '..', 'goldens', 'hf-models');

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glassbox-model-'));
  model = path.join(folder, 'model');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function reading<T>(from: string, use: (read: ModelFolder) => Promise<T> | T): Promise<T> {
  const read = await readModelFolder(from);
  try {
    return await use(read);
  } finally {
    await read.tensors.close();
  }
}

/** A golden's copy with some fields of config.json changed; undefined takes one out. */
async function changed(name: string, fields: Record<string, unknown>): Promise<void> {
  await cp(path.join(goldens, name), model, { recursive: true });
  const file = path.join(model, 'config.json');
  const config: unknown = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...Object(config), ...fields }));
}

const common = { vocab: 160, layers: 2, heads: 4, kvHeads: 2, width: 48, context: 256 };

describe('readModelFolder reads what transformers wrote', () => {
  it.each([
    [
      'llama3',
      {
        ...common,
        headDim: 12,
        intermediate: 96,
        ropeTheta: 1000,
        ropeScaling: {
          kind: 'llama3',
          factor: 8,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalContext: 32,
        },
        normEpsilon: 1e-5,
        tieEmbeddings: false,
        qkvBias: false,
        qkNorm: false,
      },
    ],
    [
      'qwen2',
      {
        ...common,
        headDim: 12,
        intermediate: 96,
        ropeTheta: 1e6,
        ropeScaling: null,
        normEpsilon: 1e-6,
        tieEmbeddings: true,
        qkvBias: true,
        qkNorm: false,
      },
    ],
    [
      'qwen3',
      {
        ...common,
        headDim: 16,
        intermediate: 80,
        ropeTheta: 1e6,
        ropeScaling: null,
        normEpsilon: 1e-6,
        tieEmbeddings: false,
        qkvBias: false,
        qkNorm: true,
      },
    ],
  ] as const)('%s', async (name, expected) => {
    await reading(path.join(goldens, name), async ({ config, tensors, specialTokens }) => {
      expect(config).toEqual(expected);
      expect(specialTokens).toEqual({ bos: 1, eos: [2], pad: undefined });
      const shapes = parameterShapes(config);
      expect([...tensors.tensors.keys()].sort()).toEqual([...shapes.keys()].sort());
      for (const [parameter, shape] of shapes) {
        expect(tensors.tensors.get(parameter)?.shape).toEqual(shape);
        const values = await tensors.readF32(parameter);
        expect(values).toHaveLength(sizeOf(shape));
        // Drawn with a standard deviation of 0.3, norms around 1.
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(Math.abs(mean - (parameter.includes('norm') ? 1 : 0))).toBeLessThan(0.3);
        expect(values.every((value) => value !== 0 && Math.abs(value) < 3)).toBe(true);
      }
    });
  });
});

describe('parseModelConfig', () => {
  const sizes = {
    vocab_size: 100,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 32,
  };
  const parse = (fields: Record<string, unknown>): ModelConfig =>
    parseModelConfig(JSON.stringify({ ...sizes, ...fields })).config;

  it('takes what a file leaves out from the family', () => {
    expect(parse({ architectures: ['LlamaForCausalLM'] })).toMatchObject({
      kvHeads: 32,
      headDim: 2,
      context: 2048,
      ropeTheta: 10000,
      normEpsilon: 1e-6,
      tieEmbeddings: false,
    });
    expect(parse({ architectures: ['MistralForCausalLM'], sliding_window: null })).toMatchObject({
      kvHeads: 8,
      context: 131072,
    });
    expect(parse({ model_type: 'qwen2' })).toMatchObject({ context: 32768, qkvBias: true });
    expect(parse({ model_type: 'qwen3' })).toMatchObject({ headDim: 128, qkNorm: true });
  });

  it('reads both spellings of RoPE scaling', () => {
    const llama3 = {
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const older = parse({
      model_type: 'llama',
      rope_theta: 500000,
      rope_scaling: { rope_type: 'llama3', ...llama3 },
    });
    const newer = parse({
      model_type: 'llama',
      rope_parameters: { rope_type: 'llama3', rope_theta: 500000, ...llama3 },
    });
    expect(newer).toEqual(older);
    expect(newer).toMatchObject({ ropeTheta: 500000, ropeScaling: { originalContext: 8192 } });
  });

  it.each([
    [{ architectures: ['GPT2LMHeadModel'] }, /GPT2LMHeadModel/, /Qwen3ForCausalLM/],
    [{ model_type: 'mamba' }, /mamba/, /LlamaForCausalLM/],
    [{ model_type: 'llama', hidden_act: 'gelu' }, /gelu/, /silu/],
    [{ model_type: 'llama', attention_bias: true }, /attention_bias/, /Qwen2/],
    [{ model_type: 'llama', mlp_bias: true }, /mlp_bias/, /without/],
    [{ model_type: 'llama', rope_scaling: { rope_type: 'yarn', factor: 4 } }, /yarn/, /llama3/],
    [{ model_type: 'llama', rope_scaling: { type: 'linear', factor: 4 } }, /linear/, /llama3/],
    [{ model_type: 'llama', quantization_config: { bits: 4 } }, /quantized/, /BF16/],
    [{ model_type: 'mistral' }, /sliding window.*4096/, /null/],
    [{ model_type: 'qwen2', use_sliding_window: true }, /sliding window/, /use_sliding_window/],
    [{ model_type: 'qwen3', layer_types: ['sliding_attention'] }, /sliding window/, /everything/],
  ])('names what is not supported in %j', (fields, message, remedy) => {
    expect(() => parse(fields)).toThrow(
      expect.objectContaining({
        code: 'unsupported-model',
        message: like(message),
        remedy: like(remedy),
      }),
    );
  });

  it.each([
    [{ model_type: 'llama', hidden_size: 'big' }, /hidden_size/],
    [{ model_type: 'llama', head_dim: 3 }, /even/],
    [{ model_type: 'llama', num_key_value_heads: 5 }, /5 key and value heads.*32/],
    [{ model_type: 'llama', rope_scaling: { rope_type: 'llama3', factor: 2 } }, /low_freq_factor/],
  ])('names what is wrong in %j', (fields, message) => {
    expect(() => parse(fields)).toThrow(
      expect.objectContaining({
        code: 'model-config',
        message: like(message),
      }),
    );
  });

  it('lets a window pass that is switched off', () => {
    const off = { use_sliding_window: false, sliding_window: 4096, max_window_layers: 1 };
    expect(parse({ model_type: 'qwen2', ...off })).toMatchObject({ qkvBias: true });
  });
});

describe('readModelFolder refuses', () => {
  it('a folder without config.json', async () => {
    await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'not-a-model' });
  });

  it('weights that are missing or pickled', async () => {
    const config = await readFile(path.join(goldens, 'llama3', 'config.json'));
    await writeFile(path.join(folder, 'config.json'), config);
    await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'model-weights' });
    await writeFile(path.join(folder, 'pytorch_model.bin'), '');
    await expect(readModelFolder(folder)).rejects.toMatchObject({ message: like(/pickle/) });
  });

  it('weights that do not fit the config, naming them', async () => {
    await changed('llama3', { num_hidden_layers: 3, intermediate_size: 95 });
    await expect(readModelFolder(model)).rejects.toMatchObject({
      code: 'model-tensors',
      message: like(/missing: model\.layers\.2.*wrong shape: .*gate_proj.weight is \[96, 48\]/),
    });
    await rm(model, { recursive: true });
    await changed('qwen2', { architectures: ['LlamaForCausalLM'] });
    await expect(readModelFolder(model)).rejects.toMatchObject({
      message: like(/not part of the model: .*\.bias/),
    });
  });

  it('an index that leads elsewhere', async () => {
    await changed('qwen2', {});
    const file = path.join(model, 'model.safetensors.index.json');
    await writeFile(file, '{"weight_map":{"a":"../secret.safetensors"}}');
    await expect(readModelFolder(model)).rejects.toMatchObject({
      code: 'safetensors-index',
      message: like(/outside/),
    });
    await writeFile(file, '{"weight_map":{"a":"model-00001-of-00003.safetensors"}}');
    await expect(readModelFolder(model)).rejects.toMatchObject({
      message: like(/a is in .*is not/),
    });
    await writeFile(file, '{"weight_map":{"a":"none.safetensors"}}');
    await expect(readModelFolder(model)).rejects.toMatchObject({ code: 'not-found' });
  });
});

it('passes over known buffers and the copy of a tied embedding', async () => {
  await cp(path.join(goldens, 'llama3'), model, { recursive: true });
  const weights = path.join(model, 'model.safetensors');
  const opened = await openSafetensors(weights);
  const all = await Promise.all(
    [...opened.tensors].map(async ([name, { shape }]) => ({
      name,
      shape,
      dtype: 'F32' as const,
      data: await opened.readF32(name),
    })),
  );
  await opened.close();
  const buffer = { dtype: 'F32' as const, shape: [1], data: Float32Array.of(1) };
  await writeSafetensors(weights, [
    ...all,
    { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', ...buffer },
  ]);
  await changedConfig({ tie_word_embeddings: true });
  await reading(model, ({ config }) => expect(config.tieEmbeddings).toBe(true));

  async function changedConfig(fields: Record<string, unknown>): Promise<void> {
    const file = path.join(model, 'config.json');
    const config: unknown = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...Object(config), ...fields }));
  }
});

describe('writeModelFolder', () => {
  it.each(['llama3', 'qwen2', 'qwen3'])(
    'writes %s so that it reads back the same',
    async (name) => {
      await reading(path.join(goldens, name), async (golden) => {
        await writeModelFolder(model, {
          config: golden.config,
          tensors: golden.tensors,
          specialTokens: { bos: 1, eos: [2, 5], pad: 0 },
          tokenizerJson: '{"model":{}}',
          tokenizerConfig: '{"chat_template":"{{ messages }}"}',
          generationConfig: {
            doSample: true,
            temperature: 0.7,
            topK: 20,
            topP: undefined,
            repetitionPenalty: undefined,
            maxNewTokens: undefined,
          },
        });
        await reading(model, async (read) => {
          expect(read.config).toEqual(golden.config);
          expect(read.specialTokens).toEqual({ bos: 1, eos: [2, 5], pad: 0 });
          expect(read.tokenizerJson).toBe('{"model":{}}');
          expect(read.chatTemplate).toBe('{{ messages }}');
          expect(read.generationConfig).toMatchObject({
            doSample: true,
            temperature: 0.7,
            topK: 20,
          });
          for (const parameter of parameterShapes(golden.config).keys())
            expect(await read.tensors.readF32(parameter)).toEqual(
              await golden.tensors.readF32(parameter),
            );
        });
      });
    },
  );

  const config: ModelConfig = {
    vocab: 8,
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headDim: 4,
    width: 4,
    intermediate: 4,
    context: 8,
    ropeTheta: 10000,
    ropeScaling: null,
    normEpsilon: 1e-5,
    tieEmbeddings: true,
    qkvBias: false,
    qkNorm: false,
  };
  const tensorsOf = (filled: number): ReturnType<typeof tensorsInMemory> =>
    tensorsInMemory(
      [...parameterShapes(config)].map(
        ([name, shape]) => [name, shape, new Float32Array(sizeOf(shape)).fill(filled)] as const,
      ),
    );

  it('keeps the model that was there when the new one is not whole', async () => {
    await writeModelFolder(model, { config, tensors: tensorsOf(1) });
    const partial = tensorsInMemory([['model.norm.weight', [4], new Float32Array(4)]]);
    await expect(writeModelFolder(model, { config, tensors: partial })).rejects.toMatchObject({
      code: 'model-tensors',
    });
    const failing = { ...tensorsOf(2), readF32: () => Promise.reject(new Error('lost')) };
    await expect(writeModelFolder(model, { config, tensors: failing })).rejects.toThrow('lost');
    await reading(model, async ({ tensors }) =>
      expect(await tensors.readF32('model.norm.weight')).toEqual(Float32Array.of(1, 1, 1, 1)),
    );
    expect(await readdir(folder)).toEqual(['model']);
    await writeModelFolder(model, { config, tensors: tensorsOf(2) });
    await reading(model, async ({ tensors }) =>
      expect(await tensors.readF32('model.norm.weight')).toEqual(Float32Array.of(2, 2, 2, 2)),
    );
  });

  it('does not replace a folder that holds something else', async () => {
    await writeFile(path.join(folder, 'diary.txt'), 'dear diary');
    await expect(writeModelFolder(folder, { config, tensors: tensorsOf(1) })).rejects.toMatchObject(
      { code: 'not-a-model' },
    );
    expect(await readdir(folder)).toEqual(['diary.txt']);
  });

  it('refuses a shape that no architecture describes', async () => {
    const both = { ...config, qkvBias: true, qkNorm: true };
    const shapes = [...parameterShapes(both)];
    const tensors = tensorsInMemory(
      shapes.map(([name, shape]) => [name, shape, new Float32Array(sizeOf(shape))] as const),
    );
    await expect(writeModelFolder(model, { config: both, tensors })).rejects.toMatchObject({
      code: 'unsupported-model',
    });
  });
});
