/**
 * Whether the whole product gives the same numbers on WebGPU as on the CPU: the built command line is
 * asked for the same thing with --backend onnx and --backend webgpu, on this machine's GPU or, where
 * VK_ICD_FILENAMES names one, on a software adapter. Trains small models in every way that there is,
 * resumes one, measures, lets models write greedily, and compares raw logits. A row of the table says by
 * how much the two differed at most; greedy text must be equal, or it says where it parts.
 *
 *   npm run bench -- gpuNumbers [--models FOLDER,FOLDER] [--tokens 200]
 *
 * --models: checkpoints to compare besides the ones of test/goldens/hf-models.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';

const SENTENCE = 'The whale swam, and the ship went after it; but the sea is wide. ';
const SHAPE = ['model.layers=2', 'model.width=64', 'model.heads=4', 'model.kvHeads=2'];
const RUN = ['model.context=32', 'tokenizer.kind=byte', 'train.batch=4', 'train.sampleEvery=0'];

/** Ways to train, each as settings of its own. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  AdamW: [],
  Muon: ['train.optimizer=muon'],
  'packed documents': ['data.batching=packed'],
  'gradients of 3 batches': ['train.accumulate=3'],
  'frozen parameters': ['model.freeze=["model.embed_tokens.weight","*.mlp.*"]'],
  'biases, untied': ['model.qkvBias=true', 'model.tieEmbeddings=false'],
  'norms of q and k': ['model.qkNorm=true'],
};
const STEPS = 12;

const lineSchema = z.looseObject({ kind: z.string().optional() });
type Line = z.infer<typeof lineSchema>;

/** The lines that the command line answers with. Throws with what it said where it fails. */
function ask(backend: string, args: readonly string[]): Line[] {
  const cli = path.resolve('dist', 'cli.js');
  const all = [cli, ...args, '--backend', backend, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`glassbox ${args.join(' ')} (${backend}):\n${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

const numbers = (lines: readonly Line[], kind: string, key: string): number[] =>
  lines.filter((line) => line.kind === kind).map((line) => z.number().parse(line[key]));

function furthest(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length || a.length === 0)
    throw new Error(`${a.length} numbers on one side and ${b.length} on the other`);
  return Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));
}

let failed = 0;

/** A row of the table; what throws is a row too. */
function row(what: string, compare: () => string): void {
  let result: string;
  try {
    result = compare();
  } catch (thrown) {
    failed += 1;
    result = `FAILED: ${thrown instanceof Error ? thrown.message.replaceAll('\n', ' ').slice(0, 200) : ''}`;
  }
  console.log(`| ${what} | ${result} |`);
}

function compareTraining(folder: string, text: string): void {
  const both = (args: (backend: string) => readonly string[]): [Line[], Line[]] => [
    ask('onnx', args('onnx')),
    ask('webgpu', args('webgpu')),
  ];
  const report = ([cpu, gpu]: [Line[], Line[]]): string => {
    const loss = furthest(numbers(cpu, 'train', 'loss'), numbers(gpu, 'train', 'loss'));
    const norm = furthest(numbers(cpu, 'train', 'gradNorm'), numbers(gpu, 'train', 'gradNorm'));
    const held = furthest(numbers(cpu, 'eval', 'valLoss'), numbers(gpu, 'eval', 'valLoss'));
    const steps = numbers(cpu, 'train', 'loss').length;
    return `${steps} steps: loss ${loss.toExponential(1)}, gradient norm ${norm.toExponential(1)}, held-out loss ${held.toExponential(1)}`;
  };
  for (const [way, settings] of Object.entries(WAYS)) {
    const out = (backend: string): string => path.join(folder, `${way} ${backend}`);
    row(`train: ${way}`, () =>
      report(
        both((backend) => [
          ...['train', '--data', text, '--steps', String(STEPS), '--out', out(backend)],
          ...['--set', ...SHAPE, ...RUN, ...settings],
        ]),
      ),
    );
    row(`train: ${way}, resumed`, () =>
      report(both((backend) => ['train', '--resume', out(backend), '--steps', String(2 * STEPS)])),
    );
  }
}

function compareModel(model: string, held: string, tokens: number): void {
  const name = path.basename(model);
  const from = ['--model', model];
  row(`${name}: logits`, () => {
    const [cpu, gpu] = ['onnx', 'webgpu'].map((backend) =>
      z
        .array(z.number())
        .parse(ask(backend, ['logits', ...from, '--ids', '1,5,9,17'])[0]!['logits']),
    );
    return furthest(cpu!, gpu!).toExponential(1);
  });
  // Ids in, logits out is all that can be asked of a model without a tokenizer.
  if (!existsSync(path.join(model, 'tokenizer.json'))) return;
  row(`${name}: greedy text`, () => {
    const args = [
      '--prompt',
      'Once upon a time',
      '--temperature',
      '0',
      '--max-tokens',
      `${tokens}`,
    ];
    const [cpu, gpu] = ['onnx', 'webgpu'].map((backend) =>
      ask(backend, ['generate', ...from, ...args])
        .filter((line) => 'id' in line)
        .map((line) => z.number().parse(line['id'])),
    );
    const parts = cpu!.findIndex((id, at) => gpu![at] !== id);
    if (parts >= 0 || cpu!.length !== gpu!.length) throw new Error(`parts at token ${parts}`);
    return `${cpu!.length} tokens, the same`;
  });
  row(`${name}: eval`, () => {
    const [cpu, gpu] = ['onnx', 'webgpu'].map((backend) =>
      z.number().parse(ask(backend, ['eval', ...from, '--data', held])[0]!['loss']),
    );
    return Math.abs(cpu! - gpu!).toExponential(1);
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      models: { type: 'string', default: '' },
      tokens: { type: 'string', default: '200' },
    },
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-numbers-'));
  const [text, held] = ['text.txt', 'held.txt'].map((name) => path.join(folder, name));
  writeFileSync(text!, `${SENTENCE.repeat(8)}\n\n`.repeat(12));
  writeFileSync(held!, SENTENCE.repeat(20));
  console.log('| What | furthest apart |\n|---|---|');
  compareTraining(folder, text!);
  const goldens = path.join('test', 'goldens', 'hf-models');
  const models = [
    path.join(folder, 'AdamW onnx', 'checkpoints', `step-${String(2 * STEPS).padStart(6, '0')}`),
    ...readdirSync(goldens).map((name) => path.join(goldens, name)),
    ...values.models.split(',').filter((name) => name !== ''),
  ];
  for (const model of models) compareModel(model, held!, Number(values.tokens));
  await rm(folder, { recursive: true });
  console.log(failed === 0 ? '\nAll the same.' : `\n${failed} failed.`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
