/**
 * The fields of a recipe, `*.recipe.json`, with their ranges, defaults and descriptions.
 *
 * Every default is here and nowhere else, but for the model's shape, which the model room derives
 * from `preset` or `depth`. The descriptions are what an editor shows on hover and completion.
 */
import * as z from 'zod';
import { LORA_TARGETS } from './model';

const count = z.int().positive();
const countOrNone = z.int().nonnegative();
const positive = z.number().positive();
const fraction = z.number().min(0).max(1);
const belowOne = z.number().min(0).lt(1);
const text = z.string().min(1);

const dataSchema = z.strictObject({
  paths: z
    .union([z.literal('sample'), z.array(text).min(1)], {
      error: 'expected "sample", or a list of at least one file or folder',
    })
    .default('sample')
    .describe(
      'The text to learn from: files and folders, relative to the recipe, or "sample" for the book that Glassbox brings along.',
    ),
  format: z
    .enum(['text', 'conversations'])
    .default('text')
    .describe(
      "text: every token is learnt. conversations: .jsonl, .json and .chatml files, of which the assistant's answers are learnt.",
    ),
  validationFraction: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .describe(
      'The share of the text, taken from its end, that is held out to measure on; of conversations, chosen by chance.',
    ),
  invalidUtf8: z
    .enum(['error', 'replace'])
    .default('error')
    .describe(
      'What to do about bytes that are not UTF-8: stop and say where, or put the replacement character.',
    ),
  batching: z
    .enum(['windows', 'packed'])
    .default('windows')
    .describe(
      'windows: random stretches of the whole text. packed: whole documents side by side, blind to each other. Conversations always are, and none is parted.',
    ),
});

const chatSchema = z.strictObject({
  template: text
    .default('auto')
    .describe(
      "How a conversation is written: chatml, llama3, nanochat, a .jinja file (relative to the recipe), or auto for the model's own, else chatml.",
    )
    .meta({ examples: ['auto', 'chatml', 'llama3', 'nanochat'] }),
});

const tokenizerSchema = z
  .strictObject({
    kind: z
      .enum(['bpe', 'char', 'byte', 'file', 'builtin'])
      .default('bpe')
      .describe(
        'bpe: byte-pair encoding trained on this text. char: every character of this text. byte: the 256 bytes. file: a tokenizer.json. builtin: one of the published ones, by name.',
      ),
    vocab: z
      .int()
      .min(257)
      .max(1_000_000)
      .default(4096)
      .describe(
        'bpe: how many tokens the vocabulary has, the 256 bytes and the special ones included.',
      ),
    pattern: text
      .default('gpt2')
      .describe(
        'bpe: how text is split before bytes are paired: gpt2, cl100k, o200k, or a regular expression.',
      )
      .meta({ examples: ['gpt2', 'cl100k', 'o200k'] }),
    file: text
      .optional()
      .describe('file: the tokenizer.json, or the folder that holds one, relative to the recipe.'),
    name: z
      .enum(['gpt2', 'cl100k_base', 'o200k_base'])
      .optional()
      .describe('builtin: which of the published vocabularies.'),
  })
  .superRefine((tokenizer, context) => {
    const need = { file: 'file', builtin: 'name' } as const;
    if (tokenizer.kind !== 'file' && tokenizer.kind !== 'builtin') return;
    const key = need[tokenizer.kind];
    if (tokenizer[key] === undefined)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `missing: tokenizer.kind "${tokenizer.kind}" needs it`,
      });
  });

const SHAPE_KEYS = [
  'preset',
  'depth',
  'layers',
  'heads',
  'kvHeads',
  'headDim',
  'width',
  'intermediate',
  'ropeTheta',
  'normEpsilon',
  'tieEmbeddings',
  'qkvBias',
  'qkNorm',
] as const;

const modelSchema = z
  .strictObject({
    preset: z
      .enum(['tiny', 'small', 'base'])
      .optional()
      .describe(
        'A ready-made size: tiny (about 1M parameters), small (10M), base (124M). tiny, if neither a preset nor a depth is given.',
      ),
    depth: count
      .max(256)
      .optional()
      .describe('The one dial: layers, heads, width and context follow from it.'),
    layers: count.optional().describe('How many decoder blocks; overrides preset and depth.'),
    heads: count.optional().describe('Query heads in each attention.'),
    kvHeads: count
      .optional()
      .describe('Key and value heads; divides heads. Fewer make the cache smaller.'),
    headDim: count
      .optional()
      .describe('Width of one head, an even number; width / heads if absent.'),
    width: count.optional().describe('Width of the residual stream.'),
    intermediate: count.optional().describe('Hidden width of the feed-forward block (SwiGLU).'),
    context: count.optional().describe('The longest sequence that the model sees, in tokens.'),
    ropeTheta: positive.optional().describe('Base of the rotary position embedding.'),
    normEpsilon: positive.optional().describe('Added to the variance in RMSNorm.'),
    tieEmbeddings: z
      .boolean()
      .optional()
      .describe('Whether the output projection is the embedding: fewer parameters.'),
    qkvBias: z
      .boolean()
      .optional()
      .describe('Biases on the query, key and value projections, as in Qwen2.'),
    qkNorm: z.boolean().optional().describe('RMSNorm on queries and keys, as in Qwen3.'),
    from: text
      .optional()
      .describe(
        'The folder of a checkpoint to start from, or of a run, for its newest; its weights and its shape are taken.',
      ),
    lora: z
      .strictObject({
        rank: count.default(8).describe('How many numbers wide the adapters are.'),
        alpha: positive
          .default(16)
          .describe('How strongly they count: alpha / rank times what they give.'),
        targets: z
          .array(z.enum(LORA_TARGETS))
          .min(1)
          .default([...LORA_TARGETS])
          .describe('The projections that have one.'),
      })
      .optional()
      .describe(
        'Train low-rank adapters (LoRA) beside the frozen weights of model.from, instead of the weights.',
      ),
    freeze: z
      .array(text)
      .default([])
      .describe(
        'Parameters that training leaves as they are: names as the checkpoint has them, * for anything.',
      ),
  })
  .superRefine((model, context) => {
    if (model.preset !== undefined && model.depth !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['depth'],
        message:
          'cannot be chosen together with model.preset: each of them decides the whole shape',
      });
    if (model.lora !== undefined && model.from === undefined)
      context.addIssue({
        code: 'custom',
        path: ['lora'],
        message: 'needs model.from: adapters are trained beside weights that are there',
      });
    if (model.from === undefined) return;
    for (const key of SHAPE_KEYS)
      if (model[key] !== undefined)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'cannot be chosen together with model.from: the checkpoint decides it',
        });
  });

const trainSchema = z.strictObject({
  steps: count.default(1000).describe('How many times the weights are updated, in all.'),
  epochs: positive
    .max(1_000_000)
    .optional()
    .describe(
      'How many times all of the data are gone through; takes the place of train.steps, which follow from it when the data have been read.',
    ),
  batch: count.default(16).describe('Sequences that go through the model at once.'),
  accumulate: count
    .default(1)
    .describe(
      'Batches whose gradients are added up for one update: a larger batch in less memory.',
    ),
  lr: positive
    .default(1e-3)
    .describe("The highest learning rate; with muon, that of AdamW's share of the parameters."),
  minLrFraction: fraction
    .default(0.1)
    .describe('Where the schedule ends, as a fraction of the highest learning rate.'),
  warmup: countOrNone
    .default(50)
    .describe('Steps over which the learning rate rises from zero to its highest.'),
  schedule: z
    .enum(['cosine', 'warmdown', 'constant'])
    .default('constant')
    .describe(
      'After the warm-up: cosine falls all the way; warmdown stays, then falls in a straight line; constant stays, and is the only one with which a run can be prolonged as if it had been planned so.',
    ),
  warmdownFraction: fraction
    .default(0.4)
    .describe('warmdown: the share of the steps, at the end, over which the rate falls.'),
  optimizer: z
    .enum(['adamw', 'muon'])
    .default('adamw')
    .describe(
      "adamw for every parameter, or muon for the blocks' matrices and adamw for the rest.",
    ),
  beta1: belowOne.default(0.9).describe('AdamW: how slowly the mean of the gradients moves.'),
  beta2: belowOne.default(0.95).describe('AdamW: how slowly the mean of their squares moves.'),
  epsilon: positive.default(1e-8).describe('AdamW: added to the denominator.'),
  weightDecay: z
    .number()
    .min(0)
    .default(0.1)
    .describe('How strongly matrices are pulled towards zero, times the learning rate.'),
  gradientClip: z
    .number()
    .min(0)
    .default(1)
    .describe('The longest gradient (norm over all parameters) that is let through; 0: any.'),
  muonLr: positive.default(0.02).describe("muon: the matrices' highest learning rate."),
  muonMomentum: belowOne.default(0.95).describe('muon: momentum (Nesterov).'),
  evalEvery: countOrNone
    .default(100)
    .describe('Steps between two measurements on the held-out text; 0: at the end only.'),
  evalTokens: countOrNone
    .default(32_768)
    .describe('Tokens of the held-out text that one measurement reads; 0: all of it.'),
  sampleEvery: countOrNone
    .default(200)
    .describe('Steps between two times that the model writes; 0: never.'),
  checkpointEvery: countOrNone
    .default(250)
    .describe('Steps between two checkpoints; 0: at the end only.'),
  keepCheckpoints: count
    .default(2)
    .describe('How many of the newest checkpoints stay; the best one stays besides.'),
});

const samplesSchema = z.strictObject({
  prompts: z
    .array(z.string())
    .default(['The '])
    .describe(
      'What the model is asked to continue, or to answer, to show what it has learned. None, with conversations: some of the questions held out.',
    ),
  maxTokens: count.default(64).describe('Tokens that it may write for each prompt.'),
  temperature: z
    .number()
    .min(0)
    .max(100)
    .default(0.8)
    .describe('0: always the likeliest token; 1: as the model says; more: wilder.'),
  topK: countOrNone.default(0).describe('Choose among this many likeliest tokens; 0: among all.'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Choose among the likeliest tokens that make up this probability; 1: among all.'),
  minP: fraction
    .default(0)
    .describe("Leave out tokens below this fraction of the likeliest one's probability; 0: none."),
  repetitionPenalty: positive
    .max(100)
    .default(1)
    .describe('Above 1: tokens that are already there become less likely.'),
});

const runtimeSchema = z.strictObject({
  backend: z
    .enum(['auto', 'onnx', 'webgpu', 'reference'])
    .default('auto')
    .describe(
      'What computes: onnx (the CPU), webgpu (a GPU), reference (slow and plain), or auto for the fastest there is.',
    ),
  precision: z
    .enum(['auto', 'f32', 'f16'])
    .default('auto')
    .describe(
      'What matrix products multiply: f32, or f16 (half floats, added up in f32, with weights of f32 and a scaled loss: faster on a GPU that has them); auto: f16 where a GPU has them, else f32.',
    ),
  threads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('CPU threads; 0: one fewer than there are cores, so that one stays free.'),
});

const fields = z.strictObject({
  $schema: z.string().optional().describe('The JSON schema of this file, for editors.'),
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u, {
      error:
        'expected a name for a folder: letters, digits, dots, dashes and underscores, at most 64, beginning with a letter or a digit',
    })
    .optional()
    .describe("The run's name, and that of its folder."),
  seed: z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .default(1)
    .describe(
      'Decides every random choice: the first weights, the order of the text, the samples.',
    ),
  data: dataSchema.prefault({}).describe('The text to learn from.'),
  chat: chatSchema.prefault({}).describe('How conversations become text.'),
  tokenizer: tokenizerSchema.prefault({}).describe('How text becomes tokens.'),
  model: modelSchema.prefault({}).describe("The model's shape: a size, and what differs from it."),
  train: trainSchema.prefault({}).describe('How the model is trained.'),
  samples: samplesSchema.prefault({}).describe('What the model is asked to write on the way.'),
  runtime: runtimeSchema.prefault({}).describe('What computes, and with how much.'),
});

export const recipeSchema = fields.superRefine(({ data, model, tokenizer }, context) => {
  if (data.format !== 'conversations') return;
  if (data.paths === 'sample')
    context.addIssue({
      code: 'custom',
      path: ['data', 'paths'],
      message: 'missing: data.format "conversations" needs files of conversations',
    });
  const made = tokenizer.kind === 'bpe' || tokenizer.kind === 'char';
  if (model.from === undefined && made)
    context.addIssue({
      code: 'custom',
      path: ['model', 'from'],
      message:
        'missing: data.format "conversations" needs a model to go on from, or a tokenizer that is there already',
    });
});

/** A recipe with every default filled in. */
export type Recipe = z.output<typeof recipeSchema>;
