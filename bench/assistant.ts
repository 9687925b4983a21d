/**
 * From base model to assistant on Tinyworld: pretraining, supervised fine-tuning, and how many
 * questions about people whom no conversation names, asked in ways that none has, are answered rightly.
 *
 *   npm run bench -- assistant [--seeds 1,2,3] [--size 4MB] [--steps 1200] [--sft-steps 300]
 *     [--questions 300] [--threads 2] [--folder FOLDER]   keeps the worlds and runs there
 *     [--model FOLDER --world FOLDER]                      asks a model that is there, and trains none
 *
 * Each seed makes a world, a base model and a fine-tuned one of its own, by the commands that are
 * printed. Answers are judged by their words against the table of truth. The intervals are Wilson's, of
 * 95%. The same questions are put to the fine-tuned model about people of whom nothing was ever told:
 * what it says of them is made up, since nothing has taught it to say that it doesn't know.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { openOnnx } from '../src/engine/backend/onnx/onnx';
import { encodeConversation } from '../src/engine/chat/chat';
import { generate, loadModel } from '../src/engine/infer/infer';
import { judgeByWords } from '../src/engine/knowledge/knowledge';
import { modelFolder } from '../src/engine/train/train';

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    size: { type: 'string', default: '4MB' },
    steps: { type: 'string', default: '1200' },
    'sft-steps': { type: 'string', default: '300' },
    questions: { type: 'string', default: '300' },
    threads: { type: 'string', default: '2' },
    folder: { type: 'string' },
    model: { type: 'string' },
    world: { type: 'string' },
  },
});

const questionSchema = z.object({
  kind: z.enum(['fact', 'sum']),
  question: z.string(),
  answer: z.string(),
  wrong: z.array(z.string()),
  relation: z.string().optional(),
  told: z.enum(['often', 'once', 'never']).optional(),
  heldOutPerson: z.boolean().optional(),
});
type Question = z.infer<typeof questionSchema>;

const BASE = [
  ...['tokenizer.vocab=2048', 'data.batching=packed', 'data.validationFraction=0.02'],
  ...['model.preset=tiny', 'model.context=128', 'train.batch=32'],
  ...['train.optimizer=muon', 'train.muonLr=0.02', 'train.lr=0.003', 'train.warmup=20'],
  ...['train.schedule=warmdown', 'train.warmdownFraction=0.5', 'train.minLrFraction=0'],
  ...['train.checkpointEvery=0', 'train.evalEvery=0', 'train.sampleEvery=0'],
];
const SFT = [
  ...['train.batch=16', 'train.lr=0.001', 'train.checkpointEvery=0'],
  ...['train.evalEvery=0', 'train.sampleEvery=0'],
];

function command(args: readonly string[]): number {
  console.log(`$ npx glassbox ${args.join(' ')}`);
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - started) / 1000;
}

interface Made {
  readonly world: string;
  readonly model: string;
}

function make(folder: string, seed: string): Made {
  const { size, steps, threads, 'sft-steps': sftSteps } = options;
  const place = (name: string): string => path.join(folder, `${name}-${seed}`);
  const [world, base, sft] = [place('world'), place('base'), place('sft')];
  const talks = ['facts', 'other'].map((name) => path.join(world, 'talks', `${name}.jsonl`));
  const shared = ['--seed', seed, '--threads', threads];
  const seconds = [
    command(['tinyworld', '--out', world, '--size', size, '--seed', seed]),
    command([
      ...['train', '--data', path.join(world, 'stories.jsonl'), '--out', base],
      ...['--steps', steps, ...shared, '--set', ...BASE],
    ]),
    command([
      ...['sft', '--model', base, '--data', ...talks, '--out', sft, '--template', 'nanochat'],
      ...['--steps', sftSteps, ...shared, '--set', ...SFT],
    ]),
  ];
  console.log(`seconds: ${seconds.map((each) => each.toFixed(0)).join(', ')}`);
  return { world, model: sft };
}

interface Tally {
  right: number;
  wrong: number;
  refused: number;
}

async function ask({ world, model }: Made): Promise<Map<string, Tally>> {
  const questions = readFileSync(path.join(world, 'questions.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => questionSchema.parse(JSON.parse(line)));
  const most = Number(options.questions);
  const group = (name: string, wanted: (question: Question) => boolean): [string, Question[]] => [
    name,
    questions.filter((each) => each.kind === 'fact' && wanted(each)).slice(0, most),
  ];
  const groups = new Map([
    group(
      'often told, person and phrasing in no talk',
      (q) => q.told === 'often' && !!q.heldOutPerson,
    ),
    group('often told, person in the talks', (q) => q.told === 'often' && !q.heldOutPerson),
    group('told once', (q) => q.told === 'once'),
    group('never told', (q) => q.told === 'never'),
  ]);
  const backend = await openOnnx({ threads: Number(options.threads) });
  const loaded = await loadModel(await modelFolder(model), backend);
  const { tokenizer, chatTemplate } = loaded;
  if (!tokenizer || chatTemplate === undefined)
    throw new Error(`${model} was not taught to answer`);
  const tallies = new Map<string, Tally>();
  try {
    for (const [name, asked] of groups) {
      const tally: Tally = { right: 0, wrong: 0, refused: 0 };
      const shown: string[] = [];
      for (const each of asked) {
        const messages = [{ role: 'user' as const, content: each.question }];
        const { ids } = encodeConversation(messages, chatTemplate, tokenizer);
        for await (const event of generate(loaded, ids, { temperature: 0, maxTokens: 32 })) {
          if (event.kind !== 'done') continue;
          const verdict = judgeByWords(each, event.text);
          tally[verdict]++;
          if (verdict === 'wrong' && shown.length < 4)
            shown.push(`${each.question} ${event.text} (${each.answer})`);
        }
      }
      tallies.set(name, tally);
      for (const line of shown) console.log(`  wrong, ${name}: ${line}`);
    }
  } finally {
    await loaded.dispose();
    await backend.dispose();
  }
  return tallies;
}

/** Wilson's interval of 95%, in percent. */
function interval(hits: number, all: number): string {
  const z = 1.96;
  const share = hits / all;
  const centre = (share + (z * z) / (2 * all)) / (1 + (z * z) / all);
  const half =
    (z / (1 + (z * z) / all)) * Math.sqrt((share * (1 - share)) / all + (z * z) / (4 * all * all));
  const percent = (value: number): string => (100 * value).toFixed(1);
  return `${percent(share)}% [${percent(centre - half)}, ${percent(centre + half)}]`;
}

const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'glassbox-assistant-'));
const given = options.model !== undefined && options.world !== undefined;
const all: Made[] = given ? [{ model: options.model ?? '', world: options.world ?? '' }] : [];
console.log('| Seed | Questions | Asked | Right | Made up or wrong | Refused |');
for (const [at, seed] of (given ? ['given'] : options.seeds.split(',')).entries()) {
  const tallies = await ask(all[at] ?? make(folder, seed));
  for (const [name, { right, wrong, refused }] of tallies) {
    const asked = right + wrong + refused;
    const cells = [right, wrong, refused].map((count) => interval(count, asked));
    console.log(`| ${[seed, name, asked, ...cells].join(' | ')} |`);
  }
}
