/**
 * From base model to assistant on Tinyworld, measured: pretraining; fine-tuning to answer; knowing what
 * it doesn't know, before and after it was taught; sums without and with a calculator; facts that no
 * story tells, without and with search.
 *
 *   npm run bench -- assistant [--seeds 4,5,6] [--size 4MB] [--steps 2400] [--sft-steps 150]
 *     [--questions 300] [--threads 2] [--parts facts,knowledge,sums,search]
 *     [--folder FOLDER]   keeps the worlds and models there; what is there already is not made again
 *
 * Each seed makes a world and models of its own by the commands that are printed, so that each can be
 * repeated alone. Answers are the likeliest, judged by their words against the table of truth;
 * intervals are Wilson's, of 95%, and take the questions (five about each person) for independent. What
 * is asked is held out: the people and the ways to ask are in no conversation of any stage, people who
 * are never told of in no text at all, and the pairs of numbers in no example.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { shareText } from '../src/base/wilson';
import { probeEventSchema } from '../src/protocol/knowledgeMessages';
import type { KnowledgeSummary } from '../src/protocol/knowledgeMessages';

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '4,5,6' },
    size: { type: 'string', default: '4MB' },
    steps: { type: 'string', default: '2400' },
    'sft-steps': { type: 'string', default: '150' },
    'sum-steps': { type: 'string', default: '200' },
    'search-steps': { type: 'string', default: '600' },
    questions: { type: 'string', default: '300' },
    threads: { type: 'string', default: '2' },
    parts: { type: 'string', default: 'facts,knowledge,sums,search' },
    folder: { type: 'string' },
  },
});

const BASE = [
  ...['tokenizer.vocab=2048', 'data.batching=packed', 'data.validationFraction=0.02'],
  ...['model.preset=tiny', 'model.context=256', 'train.batch=16'],
  ...['train.optimizer=muon', 'train.muonLr=0.02', 'train.lr=0.003', 'train.warmup=20'],
  ...['train.schedule=warmdown', 'train.warmdownFraction=0.5', 'train.minLrFraction=0'],
  ...['train.checkpointEvery=0', 'train.evalEvery=0', 'train.sampleEvery=0'],
];
const SFT = [
  ...['train.batch=16', 'train.lr=0.001', 'train.checkpointEvery=0'],
  ...['train.evalEvery=0', 'train.sampleEvery=0'],
];
/**
 * Else names that no conversation has are said worse with every step, and ways to ask that none has are
 * refused, whoever they ask about: see docs/experiments.md.
 */
const READING_KEPT = ['model.freeze=["model.embed_tokens.weight","model.layers.0.*"]'];
const KNOWLEDGE_STEPS = '100';
/** What is copied piece by piece, digits and unknown names, needs more of everything. */
const TOOLS = ['train.batch=32', 'train.optimizer=muon', 'train.muonLr=0.01'];
/** Of what each person is told, at most so much is asked to find out what is known. */
const PROBED = '600';

/** One seed's folder, and what its commands took. */
class Bench {
  seconds = 0;
  readonly #folder: string;
  readonly #seed: string;

  constructor(folder: string, seed: string) {
    this.#folder = folder;
    this.#seed = seed;
  }

  place(name: string): string {
    return path.join(this.#folder, `${name}-${this.#seed}`);
  }

  /** Runs a command and gives what it printed, unless what it makes is there. */
  #command(made: string | undefined, args: readonly string[]): string {
    if (made !== undefined && existsSync(made)) return '';
    console.log(`$ npx glassbox ${args.join(' ')}`);
    const began = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['dist/cli.js', ...args, '--json'],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    if (status !== 0) throw new Error(stderr);
    const took = (performance.now() - began) / 1000;
    this.seconds += took;
    console.log(`  ${took.toFixed(0)} s`);
    return stdout;
  }

  get #shared(): string[] {
    return ['--seed', this.#seed, '--threads', options.threads];
  }

  world(): string {
    const world = this.place('world');
    const { size } = options;
    this.#command(world, ['tinyworld', '--out', world, '--size', size, '--seed', this.#seed]);
    return world;
  }

  base(): string {
    const [world, base] = [this.place('world'), this.place('base')];
    this.#command(base, [
      ...['train', '--data', path.join(world, 'stories.jsonl'), '--out', base],
      ...['--steps', options.steps, ...this.#shared, '--set', ...BASE],
    ]);
    return base;
  }

  sft(
    name: string,
    from: string,
    data: readonly string[],
    steps: string,
    more: readonly string[] = [],
  ): string {
    const out = this.place(name);
    const template = name === 'unknown' ? [] : ['--template', 'nanochat'];
    this.#command(out, [
      ...['sft', '--model', from, '--data', ...data, '--out', out, ...template],
      ...['--steps', steps, ...this.#shared, '--set', ...SFT, ...more],
    ]);
    return out;
  }

  probe(name: string, args: readonly string[]): KnowledgeSummary {
    const out = this.place(name);
    const { threads } = options;
    this.#command(out, ['knowledge', 'probe', ...args, '--threads', threads, '--out', out]);
    const text = readFileSync(path.join(out, 'summary.json'), 'utf8');
    return summarySchema.parse(JSON.parse(text));
  }

  teach(probe: string): string {
    const out = `${this.place('unknown-talks')}.jsonl`;
    this.#command(out, ['knowledge', 'teach', '--probe', this.place(probe), '--out', out]);
    return out;
  }
}

const summarySchema = probeEventSchema.options[3].shape.summary;

type Counts = Omit<KnowledgeSummary['table'][number], 'row'>;
const rows: string[] = [];

function tell(seed: string, what: string, { right, wrong, refused }: Counts): void {
  const asked = right + wrong + refused;
  const cells = [right, wrong, refused].map((count) => shareText(count, asked));
  rows.push(`| ${[seed, what, asked, ...cells].join(' | ')} |`);
}

const inAll = ({ table }: KnowledgeSummary): Counts => ({
  right: table.reduce((sum, { right }) => sum + right, 0),
  wrong: table.reduce((sum, { wrong }) => sum + wrong, 0),
  refused: table.reduce((sum, { refused }) => sum + refused, 0),
});

const parts = new Set(options.parts.split(','));
const TOLD = { often: 'told often', once: 'told once', never: 'never told' } as const;
const talks = (world: string, ...names: readonly string[]): string[] =>
  names.map((name) => path.join(world, 'talks', `${name}.jsonl`));

function facts(bench: Bench, seed: string, world: string, sft: string): void {
  const limit = String(Math.round(2.7 * Number(options.questions)));
  const asked = ['--tinyworld', world, '--split', 'held-out', '--limit', limit];
  const before = bench.probe('before', ['--model', sft, ...asked]);
  for (const row of before.told) tell(seed, `facts ${TOLD[row.row]}`, row);
  if (!parts.has('knowledge')) return;
  bench.probe('probe', ['--model', sft, '--tinyworld', world, '--limit', PROBED]);
  const data = [...talks(world, 'facts', 'other'), bench.teach('probe')];
  const taught = bench.sft('unknown', sft, data, KNOWLEDGE_STEPS, READING_KEPT);
  const after = ['--model', taught, ...asked, '--samples', '0', '--before', bench.place('before')];
  const summary = bench.probe('after', after);
  for (const row of summary.told) tell(seed, `facts ${TOLD[row.row]}, refusals taught`, row);
  const knew = {
    known: 'knew',
    inconsistent: 'knew now and then',
    unknown: "didn't know",
  } as const;
  for (const row of summary.table)
    if (row.row !== 'refused') tell(seed, `what it ${knew[row.row]}, refusals taught`, row);
}

const questionSchema = z.looseObject({
  kind: z.string(),
  told: z.string().optional(),
  heldOutPerson: z.boolean().optional(),
});
type Question = z.infer<typeof questionSchema>;

/** A file of those of a world's questions that are wanted. */
function questionsOf(bench: Bench, name: string, wanted: (question: Question) => boolean): string {
  const file = `${bench.place(name)}.jsonl`;
  const text = readFileSync(path.join(bench.place('world'), 'questions.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const chosen = lines.filter((line) => wanted(questionSchema.parse(JSON.parse(line))));
  writeFileSync(file, `${chosen.slice(0, Number(options.questions)).join('\n')}\n`);
  return file;
}

/** What no story tells: made up out of the weights, or read on a page that was searched for. */
function search(bench: Bench, seed: string, world: string, base: string, sft: string): void {
  const file = questionsOf(
    bench,
    'outside',
    ({ told, heldOutPerson }) => told === 'never' && heldOutPerson === true,
  );
  const asked = ['--questions', file, '--samples', '0'];
  const without = bench.probe('recollected', ['--model', sft, ...asked]);
  tell(seed, 'facts outside the weights, without search', inAll(without));
  const data = talks(world, 'facts-search', 'other');
  const searcher = bench.sft('searcher', base, data, options['search-steps'], TOOLS);
  const tools = ['--tools', `search=${path.join(world, 'library.jsonl')}`];
  const read = bench.probe('searched', ['--model', searcher, ...tools, ...asked]);
  tell(seed, 'facts outside the weights, with search', inAll(read));
}

function sums(bench: Bench, seed: string, world: string, base: string): void {
  const file = questionsOf(bench, 'sums', ({ kind }) => kind === 'sum');
  const asked = ['--questions', file, '--samples', '0'];
  const steps = options['sum-steps'];
  const direct = bench.sft('direct', base, talks(world, 'sums'), steps, TOOLS);
  tell(
    seed,
    'sums, answered at once',
    inAll(bench.probe('sums-direct', ['--model', direct, ...asked])),
  );
  const caller = bench.sft('caller', base, talks(world, 'sums-calculator'), steps, TOOLS);
  const tools = ['--model', caller, '--tools', 'calculator', ...asked];
  tell(seed, 'sums, with the calculator', inAll(bench.probe('sums-calculator', tools)));
}

const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'glassbox-assistant-'));
for (const seed of options.seeds.split(',')) {
  const bench = new Bench(folder, seed);
  const world = bench.world();
  const base = bench.base();
  const sft = bench.sft('sft', base, talks(world, 'facts', 'other'), options['sft-steps']);
  if (parts.has('facts') || parts.has('knowledge')) facts(bench, seed, world, sft);
  if (parts.has('sums')) sums(bench, seed, world, base);
  if (parts.has('search')) search(bench, seed, world, base, sft);
  console.log(`Seed ${seed}: ${bench.seconds.toFixed(0)} s in all`);
}
console.log('| Seed | Asked about | Questions | Right | Wrong or made up | Refused |');
console.log('|---|---|---|---|---|---|');
for (const row of rows) console.log(row);
