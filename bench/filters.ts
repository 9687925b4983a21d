/**
 * The filters of the curation and its search for near-duplicates against datatrove's, on the same texts
 * with the same thresholds:
 *   verdicts        share of documents on which each text filter agrees, and for C4 whether the lines that
 *                   stay are the same; what differs is listed with both sides' reasons
 *   near-duplicates passages with copies planted at several distances: which of them each side drops
 * The texts: chapters and passages of a novel, speeches, what packages say of themselves (technical,
 * with program code), a Common Crawl WET file, passages spoilt on purpose, and with --texts PATH the
 * text files below a folder. Needs a Python with datatrove and spacy: --python PATH.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { Rng } from '../src/base/rng';
import { curate, filterSegment, openPipeline, type Pipeline } from '../src/engine/curate/curate';
import { corpusRecipe, type CorpusRecipe } from '../src/recipe/corpus';

const STAGES = ['gopherRepetition', 'gopherQuality', 'c4', 'fineweb'] as const;
const { signal } = new AbortController();

interface Text {
  readonly from: string;
  readonly text: string;
}

const optionOf = (args: readonly string[], name: string): string | undefined =>
  args.includes(name) ? args[args.indexOf(name) + 1] : undefined;

async function run(args: readonly string[]): Promise<void> {
  const python = optionOf(args, '--python');
  if (python === undefined) {
    console.log('The peer is missing: --python PATH (one that has `datatrove` and `spacy`).');
    return;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassbox-filters-'));
  try {
    await compareVerdicts(await textsFrom(optionOf(args, '--texts')), python, scratch);
    await compareDuplicates(python, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

// --- Texts ---

function filesBelow(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => statSync(file).size >= 300 && statSync(file).size <= 200_000)
    .sort();
}

const readText = (file: string): string =>
  readFileSync(file, 'utf8').replace(/\r\n?/g, '\n').replaceAll('\0', '');

const booksIn = (folder: string): string[] =>
  filesBelow(path.join('node_modules', '@stdlib', folder, 'data'), (name) => name.endsWith('.txt'));

/** Paragraphs of the novel, gathered to passages of some hundred words. */
function passages(): string[] {
  const found: string[] = [];
  for (const file of booksIn('datasets-moby-dick')) {
    let passage = '';
    for (const paragraph of readText(file).split(/\n\s*\n/)) {
      passage += `${paragraph.replace(/\s+/g, ' ').trim()}\n`;
      if (passage.length < 1500) continue;
      found.push(passage.trim());
      passage = '';
    }
  }
  return found;
}

/** What the filters are there to find, planted into passages. */
const SPOILERS: Readonly<Record<string, (text: string, rng: Rng) => string>> = {
  'repeated lines': (text, rng) => `${text}\n${`${text.slice(0, 80)}\n`.repeat(1 + rng.below(20))}`,
  'repeated phrase': (text, rng) => `${text} ${'buy it here now '.repeat(3 + rng.below(60))}`,
  'one paragraph twice': (text) => `${text}\n\n${text.slice(0, 600)}\n\n${text.slice(0, 600)}`,
  'no punctuation': (text) => text.replace(/[.,;!?]/g, ''),
  bullets: (text, rng) =>
    text
      .split('. ')
      .map((line) => (rng.below(20) === 0 ? line : `• ${line}`))
      .join('\n'),
  ellipses: (text, rng) =>
    text
      .split('. ')
      .map((line) => (rng.below(3) === 0 ? `${line}...` : `${line}.`))
      .join('\n'),
  hashes: (text, rng) => text.replace(/ /g, () => (rng.below(9) === 0 ? ' #' : ' ')),
  'short lines': (text) => text.replace(/(\S+ \S+ \S+) /g, '$1\n'),
  'a word a line': (text) => text.replace(/ /g, '\n'),
  'long words': (text, rng) => text.replace(/ /g, () => (rng.below(3) === 0 ? ' ' : '')),
  numbers: (text, rng) => text.replace(/\w+/g, (word) => (rng.below(4) === 0 ? '1234' : word)),
  'no stop words': (text) => text.replace(/\b(the|be|to|of|and|that|have|with)\b/gi, 'xx'),
  'few words': (text, rng) => text.slice(0, 150 + rng.below(300)),
  'lorem ipsum': (text) => `${text}\nLorem ipsum dolor sit amet.`,
  'curly bracket': (text) => `${text}\nfunction f() { return 1; }`,
  javascript: (text) => `Please enable JavaScript to read this.\n${text}`,
  cookies: (text) => `${text}\nWe use cookies, see our cookie policy.\nTerms of use apply here.`,
  citations: (text) => text.replace(/\. /g, '.[1] [edit] '),
};

async function textsFrom(folder: string | undefined): Promise<Text[]> {
  const whole = passages();
  const texts: Text[] = [
    ...booksIn('datasets-moby-dick').map((file) => ({ from: 'chapters', text: readText(file) })),
    ...whole.map((text) => ({ from: 'passages', text })),
    ...booksIn('datasets-sotu').map((file) => ({ from: 'speeches', text: readText(file) })),
    ...filesBelow('node_modules', (name) => /^readme\.md$/i.test(name)).map((file) => ({
      from: 'READMEs',
      text: readText(file),
    })),
    ...filesBelow('node_modules/warc/test/fixtures', (name) => name.endsWith('.wet'))
      .flatMap((file) => readText(file).split(/^WARC\/1\.0$/m))
      .map((record) => ({ from: 'WET', text: record.split('\n\n').slice(1).join('\n\n') })),
    ...(folder === undefined
      ? []
      : filesBelow(folder, (name) => !/\.(gz|html?|png|svg|js|css|pdf)$/i.test(name)).map(
          (file) => ({ from: folder, text: readText(file) }),
        )),
  ];
  const rng = new Rng(1);
  for (const [name, spoil] of Object.entries(SPOILERS))
    for (let i = 0; i < 40; i++)
      texts.push({ from: `spoilt: ${name}`, text: spoil(whole[rng.below(whole.length)]!, rng) });
  // As it is after reading: what both sides are given.
  const plain = await pipelineOf([]);
  return texts
    .map(({ from, text }, i) => ({ from, text: plain.judge(documentOf(text, i)).text }))
    .filter(({ text }) => text !== '');
}

// --- Verdicts ---

function recipeOf(stages: readonly (typeof STAGES)[number][]): CorpusRecipe {
  const off = ['url', 'language', 'pii', ...STAGES.filter((stage) => !stages.includes(stage))];
  const settings = off.map((stage) => `${stage}.enabled=false`);
  return corpusRecipe.apply(corpusRecipe.defaults(), settings);
}

const pipelineOf = (stages: readonly (typeof STAGES)[number][]): Promise<Pipeline> =>
  openPipeline(recipeOf(stages));

const documentOf = (text: string, i: number): Parameters<Pipeline['judge']>[0] => ({
  id: String(i),
  origin: { file: '', offset: i, record: undefined },
  url: undefined,
  date: undefined,
  body: { kind: 'decoded', text },
});

const answerSchema = z.object({
  /** By filter: why each text is dropped, or null. */
  reasons: z.record(z.string(), z.array(z.string().nullable())),
  /** What C4 leaves of each. */
  c4: z.array(z.string()),
  /** Numbers of the texts that are near-duplicates of an earlier one. */
  duplicates: z.array(z.int()),
});

/** What datatrove says of texts. */
function askPeer(
  python: string,
  task: 'filters' | 'duplicates',
  texts: readonly string[],
  scratch: string,
): z.infer<typeof answerSchema> {
  const [input, output] = ['texts.json', 'answer.json'].map((name) => path.join(scratch, name));
  writeFileSync(input!, JSON.stringify(texts));
  const script = path.join('bench', 'python', 'filters_peer.py');
  const { status, stderr } = spawnSync(python, [script, task, input!, output!], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return answerSchema.parse(JSON.parse(readFileSync(output!, 'utf8')));
}

async function compareVerdicts(
  texts: readonly Text[],
  python: string,
  scratch: string,
): Promise<void> {
  const all = texts.map(({ text }) => text);
  const peer = askPeer(python, 'filters', all, scratch);
  const rows = [];
  const differences: string[] = [];
  for (const stage of STAGES) {
    const pipeline = await pipelineOf([stage]);
    const theirs = peer.reasons[stage] ?? [];
    const count = { same: 0, dropped: 0, sameText: 0, kept: 0 };
    for (const [i, { from, text }] of texts.entries()) {
      const judged = pipeline.judge(documentOf(text, i));
      const reason = theirs[i] ?? null;
      if (reason !== null) count.dropped++;
      if ((judged.drop !== undefined) === (reason !== null)) count.same++;
      else
        differences.push(
          `${stage}: ${judged.drop?.reason ?? 'kept'} (${judged.drop?.measured?.toFixed(4) ?? ''}), theirs ${reason ?? 'kept'}: ${from}, ${JSON.stringify(text.slice(0, 60))}`,
        );
      if (stage !== 'c4' || judged.drop || reason !== null) continue;
      count.kept++;
      if (judged.text === peer.c4[i]) count.sameText++;
      else differences.push(`c4 text: ${from}, ${firstDifference(judged.text, peer.c4[i] ?? '')}`);
    }
    rows.push({
      filter: stage,
      documents: texts.length,
      'they drop': count.dropped,
      'same verdict': count.same,
      share: `${((100 * count.same) / texts.length).toFixed(2)}%`,
      'same text': stage === 'c4' ? `${count.sameText} of ${count.kept}` : '',
    });
  }
  console.table(rows);
  for (const each of differences) console.log(each);
}

function firstDifference(ours: string, theirs: string): string {
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  const around = (text: string): string =>
    JSON.stringify(text.slice(Math.max(0, at - 20), at + 20));
  return `${around(ours)} against ${around(theirs)}`;
}

// --- Near-duplicates ---

const RATES = [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1];

async function compareDuplicates(python: string, scratch: string): Promise<void> {
  const rng = new Rng(2);
  const originals = passages().slice(0, 80);
  const planted = RATES.flatMap((rate) =>
    originals.map((text) => ({
      rate,
      text: text.replace(/\w+/g, (word) => (rng.uniform() < rate ? `w${rng.below(1e6)}` : word)),
    })),
  );
  const texts = [...originals, ...planted.map(({ text }) => text)];
  const theirs = new Set(askPeer(python, 'duplicates', texts, scratch).duplicates);

  const source = path.join(scratch, 'texts.jsonl');
  writeFileSync(source, texts.map((text, id) => `${JSON.stringify({ text, id })}\n`).join(''));
  const recipe = {
    ...corpusRecipe.apply(recipeOf([]), ['exactDuplicates.enabled=false']),
    sources: [source],
  };
  const out = path.join(scratch, 'corpus');
  for await (const event of curate({ recipe, out, workers: 1, filter: filterSegment }, signal))
    if (event.kind === 'done') console.log(JSON.stringify({ ...event, out: undefined }));
  const kept = new Map<string, number>();
  for (const line of readFileSync(path.join(out, 'kept-00000.jsonl'), 'utf8').split('\n')) {
    if (line === '') continue;
    const { text } = z.object({ text: z.string() }).parse(JSON.parse(line));
    kept.set(text, (kept.get(text) ?? 0) + 1);
  }
  // Of equal texts the first is the one that may be kept.
  const ours = texts.map((text) => {
    const left = kept.get(text) ?? 0;
    kept.set(text, left - 1);
    return left <= 0;
  });
  const rows = RATES.map((rate) => {
    const count = { planted: 0, ours: 0, theirs: 0, same: 0 };
    for (const [i, { rate: own }] of planted.entries()) {
      if (own !== rate) continue;
      const number = originals.length + i;
      count.planted++;
      if (ours[number]) count.ours++;
      if (theirs.has(number)) count.theirs++;
      if (ours[number] === theirs.has(number)) count.same++;
    }
    return { 'words replaced': rate, ...count };
  });
  console.table(rows);
}

void run(process.argv.slice(2));
