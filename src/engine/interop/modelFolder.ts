/**
 * A model as the ecosystem keeps it: a folder with `config.json`, the weights as safetensors (one
 * file, or several with an index), `tokenizer.json`, `tokenizer_config.json` and
 * `generation_config.json`. A folder that is written here loads in transformers and the other way
 * round.
 *
 * Not covered: weights in pickles (`pytorch_model.bin`), which can run code when they are read.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import {
  atomicFile,
  atomicFolder,
  fileError,
  readTextIfPresent,
  systemCodeOf,
} from '../../base/files';
import type { ModelConfig } from '../../recipe/model';
import {
  formatModelConfig,
  parseModelConfig,
  tokenIdsSchema,
  type SpecialTokens,
} from './modelConfig';
import { parseJsonFile } from './jsonFile';
import { checkParameters, parameterShapes } from './parameters';
import { openModelTensors } from './modelTensors';
import { writeSafetensors, type WrittenDtype } from './safetensorsWriter';
import type { TensorSource } from './tensorSource';

/** How to sample by default, as `generation_config.json` says; undefined where it doesn't. */
export interface GenerationConfig {
  readonly doSample: boolean | undefined;
  readonly temperature: number | undefined;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  readonly repetitionPenalty: number | undefined;
  readonly maxNewTokens: number | undefined;
}

export interface ModelFolder {
  readonly config: ModelConfig;
  /** The weights, checked against the config by name and shape. Close it when done. */
  readonly tensors: TensorSource;
  readonly specialTokens: SpecialTokens;
  /** The texts of the files, where they are there. */
  readonly tokenizerJson: string | undefined;
  readonly tokenizerConfig: string | undefined;
  readonly generationConfig: GenerationConfig | undefined;
  /** The Jinja template from `chat_template.jinja` or `tokenizer_config.json`. */
  readonly chatTemplate: string | undefined;
}

const generationSchema = z.looseObject({
  do_sample: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_k: z.number().nullish(),
  top_p: z.number().nullish(),
  repetition_penalty: z.number().nullish(),
  max_new_tokens: z.number().nullish(),
  bos_token_id: z.int().nonnegative().nullish(),
  eos_token_id: tokenIdsSchema.optional(),
});

const tokenizerConfigSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/** The Jinja template that makes a conversation a text, of a model that has one. */
export async function readChatTemplate(folder: string): Promise<string | undefined> {
  const alone = await readTextIfPresent(path.join(folder, 'chat_template.jinja'));
  if (alone !== undefined) return alone;
  const config = await readTextIfPresent(path.join(folder, 'tokenizer_config.json'));
  return config === undefined ? undefined : chatTemplateIn(config);
}

function chatTemplateIn(tokenizerConfig: string): string | undefined {
  const { chat_template: template } = parseJsonFile(
    tokenizerConfig,
    tokenizerConfigSchema,
    'tokenizer_config.json',
  );
  return Array.isArray(template)
    ? template.find(({ name }) => name === 'default')?.template
    : (template ?? undefined);
}

/** The shape of the model in a folder. Throws `not-a-model`, `unsupported-model`, `model-config`. */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  return parseModelConfig(await readConfig(folder)).config;
}

async function readConfig(folder: string): Promise<string> {
  const text = await readTextIfPresent(path.join(folder, 'config.json'));
  if (text !== undefined) return text;
  const why = existsSync(folder) ? 'it has no config.json' : 'there is no such folder';
  throw new GlassboxError('not-a-model', `${folder} is not a model: ${why}.`, {
    remedy: 'Choose the folder of a model or of a checkpoint.',
    details: { path: folder },
  });
}

/**
 * Reads a model's folder, all but the weights' elements, which `tensors` reads one at a time.
 *
 * @throws GlassboxError `not-a-model` without a config.json, `unsupported-model`, `model-config`,
 *   `model-weights`, `model-tensors`, `safetensors-...`
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const textOf = (name: string) => readTextIfPresent(path.join(folder, name));
  const { config, specialTokens } = parseModelConfig(await readConfig(folder));
  const tokenizerConfig = await textOf('tokenizer_config.json');
  const generationText = await textOf('generation_config.json');
  const generation =
    generationText === undefined
      ? undefined
      : parseJsonFile(generationText, generationSchema, 'generation_config.json');
  const chatTemplate = await readChatTemplate(folder);
  const tokenizerJson = await textOf('tokenizer.json');

  const tensors = await openModelTensors(folder);
  try {
    checkParameters(config, tensors.tensors);
  } catch (thrown) {
    await tensors.close();
    throw thrown;
  }
  return {
    config,
    tensors,
    specialTokens: {
      ...specialTokens,
      bos: generation?.bos_token_id ?? specialTokens.bos,
      eos: generation?.eos_token_id?.length ? generation.eos_token_id : specialTokens.eos,
    },
    tokenizerJson,
    tokenizerConfig,
    generationConfig: generation && {
      doSample: generation.do_sample ?? undefined,
      temperature: generation.temperature ?? undefined,
      topK: generation.top_k ?? undefined,
      topP: generation.top_p ?? undefined,
      repetitionPenalty: generation.repetition_penalty ?? undefined,
      maxNewTokens: generation.max_new_tokens ?? undefined,
    },
    chatTemplate,
  };
}

export interface WrittenModel {
  readonly config: ModelConfig;
  /** Every parameter that `parameterShapes(config)` names. */
  readonly tensors: TensorSource;
  /** The dtype of the weights in the file; F32 if not given. */
  readonly dtype?: WrittenDtype;
  readonly specialTokens?: SpecialTokens;
  /** The text of `tokenizer.json`. */
  readonly tokenizerJson?: string | undefined;
  /** The text of `tokenizer_config.json`; a plain one is made where a tokenizer comes without. */
  readonly tokenizerConfig?: string | undefined;
  readonly generationConfig?: GenerationConfig | undefined;
  /** The Jinja template that makes a conversation a text, of a model that was taught one. */
  readonly chatTemplate?: string | undefined;
  /** For the header of the safetensors file, such as the step. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const DTYPE_NAMES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Without null or undefined fields. */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

function formatGenerationConfig(model: WrittenModel): string {
  const { bos, eos, pad } = model.specialTokens ?? {};
  const generation = model.generationConfig;
  return `${JSON.stringify(
    present({
      bos_token_id: bos,
      eos_token_id: eos?.length === 1 ? eos[0] : eos?.length ? eos : undefined,
      pad_token_id: pad,
      do_sample: generation?.doSample,
      temperature: generation?.temperature,
      top_k: generation?.topK,
      top_p: generation?.topP,
      repetition_penalty: generation?.repetitionPenalty,
      max_new_tokens: generation?.maxNewTokens,
    }),
    null,
    2,
  )}\n`;
}

/**
 * Writes a model's files into a folder that exists: for whoever writes more beside them, inside an
 * `atomicFolder` of their own.
 *
 * @throws GlassboxError `model-tensors`, `unsupported-model`, or the file system's reason
 */
export async function writeModelFiles(folder: string, model: WrittenModel): Promise<void> {
  const { config, tensors, dtype = 'F32' } = model;
  checkParameters(config, tensors.tensors);
  const specialTokens = model.specialTokens ?? { bos: undefined, eos: [], pad: undefined };
  const write = (name: string, text: string): Promise<void> =>
    atomicFile(path.join(folder, name), text);

  await write('config.json', formatModelConfig(config, specialTokens, DTYPE_NAMES[dtype]));
  await write('generation_config.json', formatGenerationConfig(model));
  if (model.tokenizerJson !== undefined) {
    await write('tokenizer.json', model.tokenizerJson);
    const plain = { tokenizer_class: 'PreTrainedTokenizerFast', model_max_length: config.context };
    const tokenizerConfig = model.tokenizerConfig ?? `${JSON.stringify(plain, null, 2)}\n`;
    await write('tokenizer_config.json', tokenizerConfig);
  }
  if (model.chatTemplate !== undefined) await write('chat_template.jinja', model.chatTemplate);
  await writeSafetensors(
    path.join(folder, 'model.safetensors'),
    [...parameterShapes(config)].map(([name, shape]) => ({
      name,
      dtype,
      shape,
      data: () => tensors.readF32(name),
    })),
    // transformers refuses files that don't say which framework their layout is of.
    { format: 'pt', ...model.metadata },
  );
}

/**
 * Writes a model's folder, whole or not at all, in place of a model that was there.
 *
 * @throws GlassboxError `not-a-model` where the folder holds something else, and as
 *   `writeModelFiles`
 */
export async function writeModelFolder(folder: string, model: WrittenModel): Promise<void> {
  const there = await readdir(folder).catch((thrown: unknown): string[] => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'write', folder);
  });
  if (there.length > 0 && !there.includes('config.json'))
    throw new GlassboxError('not-a-model', `${folder} holds something else than a model.`, {
      remedy: 'Choose another folder, or empty this one.',
      details: { path: folder },
    });
  await atomicFolder(folder, (temporary) => writeModelFiles(temporary, model));
}
