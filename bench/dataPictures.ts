/**
 * Draws the pictures of docs/data.md from what Glassbox made: a corpus's statistics, a page and what was
 * taken of it, and what `npm run bench -- nearDuplicates --json FILE` measured.
 *
 *     npm run bench -- dataPictures --corpus FOLDER --near FILE
 *
 * writes media/data/funnel.svg, threshold.svg, extraction.svg and near-duplicates.svg.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { openPipeline, readStatistics, type Statistics } from '../src/engine/curate/curate';
import { corpusRecipe } from '../src/recipe/corpus';
import { pageAround, plantedText } from './support/plantedPages';
import { bar, COLOURS, picture, stroke, textAt } from './support/svg';

const NAMES: Readonly<Record<string, string>> = {
  source: 'read',
  url: 'address',
  extraction: 'main content',
  language: 'language: English',
  gopherRepetition: 'Gopher: repetition',
  gopherQuality: 'Gopher: quality',
  c4: 'C4',
  fineweb: 'FineWeb',
  exactDuplicates: 'exact copies',
  nearDuplicates: 'near-duplicates',
};

const number = (value: number): string => value.toLocaleString('en-US');

function funnel({ funnel: stages, documentsIn }: Statistics): string {
  const parts = [textAt(20, 28, 'What is left after each stage', { size: 16 })];
  let before = documentsIn;
  for (const [i, { stage, documents, tokens }] of stages.entries()) {
    const y = 52 + 34 * i;
    const scale = 330 / documentsIn;
    parts.push(textAt(160, y + 16, NAMES[stage] ?? stage, { anchor: 'end' }));
    parts.push(bar(170, y, before * scale, 22, COLOURS.gone));
    parts.push(bar(170, y, documents * scale, 22, COLOURS.kept));
    const label = `${number(documents)} documents, ${(tokens / 1e6).toFixed(1)} M tokens`;
    parts.push(textAt(510, y + 16, label, { size: 12 }));
    before = documents;
  }
  parts.push(
    textAt(170, 70 + 34 * stages.length, 'grey: what the stage dropped', {
      size: 12,
      colour: COLOURS.soft,
    }),
  );
  return picture(720, 90 + 34 * stages.length, 'Documents left after each stage', parts);
}

/** One measured value over all pages that came so far, and where its threshold lies. */
function threshold({ histograms }: Statistics): string {
  const { edges, counts } = histograms['gopherQuality.alphabeticWords'] ?? {
    edges: [],
    counts: [],
  };
  const least = 0.8;
  const highest = Math.max(...counts);
  const [from, width] = [0.4, 640];
  const at = (value: number): number => 40 + ((value - from) / (1 - from)) * width;
  const parts = [textAt(20, 28, 'Share of words with a letter in them', { size: 16 })];
  for (const [i, edge] of edges.entries()) {
    const height = (200 * counts[i]!) / highest;
    const colour = edge < least - 1e-9 ? COLOURS.gone : COLOURS.kept;
    parts.push(bar(at(edge) + 1, 260 - height, at(edge + 0.02) - at(edge) - 2, height, colour));
  }
  for (const tick of [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    parts.push(textAt(at(tick), 280, tick.toFixed(1), { anchor: 'middle', size: 12 }));
  parts.push(
    stroke(
      [
        [at(least), 45],
        [at(least), 262],
      ],
      COLOURS.line,
    ),
  );
  const gone = counts.reduce((sum, count, i) => (edges[i]! < least - 1e-9 ? sum + count : sum), 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  parts.push(
    textAt(at(least) - 8, 60, `minAlphabeticWords = ${least}`, {
      anchor: 'end',
      colour: COLOURS.line,
    }),
    textAt(at(least) - 8, 78, `${number(gone)} of ${number(all)} pages lie below`, {
      anchor: 'end',
      size: 12,
    }),
  );
  return picture(720, 300, 'A histogram of a measured value with its threshold', parts);
}

/** The lines of a page as a browser would stack them, those that were cut struck out. */
async function extraction(): Promise<string> {
  const { html, title } = pageAround(plantedText(6), 2);
  const off = ['url', 'language', 'gopherRepetition', 'gopherQuality', 'c4', 'fineweb'];
  const settings = off.map((stage) => `${stage}.enabled=false`);
  const pipeline = await openPipeline(corpusRecipe.apply(corpusRecipe.defaults(), settings));
  const origin = { file: '', offset: 0, record: undefined };
  const body = { kind: 'html', bytes: Buffer.from(html), charset: 'utf-8' } as const;
  const { text } = pipeline.judge({ id: '0', origin, url: undefined, date: undefined, body });
  const kept = new Set(text.split('\n'));
  const lines = html
    .replace(/^[^]*<body>/, '')
    .replace(/<script[^]*?<\/script>/g, '')
    .replace(/<\/?(?:a|img|b|span|font|button)\b[^>]*>/g, ' ')
    .split(/<[^>]+>|\n/)
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
  // Menus are long: a few entries of each stretch that was cut will do.
  const shown: { line: string; isKept: boolean }[] = [];
  let cut = 0;
  for (const line of lines) {
    const isKept = kept.has(line) || kept.has(`- ${line}`);
    cut = isKept ? 0 : cut + 1;
    if (cut <= 4) shown.push({ line, isKept });
    else if (cut === 5) shown.push({ line: '...', isKept });
  }
  const parts = [textAt(20, 28, `What is taken of a page: "${title} ..."`, { size: 16 })];
  for (const [i, { line, isKept }] of shown.entries()) {
    const short = line.length > 92 ? `${line.slice(0, 90)} ...` : line;
    const colour = isKept ? COLOURS.ink : COLOURS.soft;
    parts.push(textAt(34, 56 + 21 * i, short, { size: 12, colour, isStruck: !isKept }));
    if (isKept) parts.push(bar(20, 45 + 21 * i, 5, 15, COLOURS.kept));
  }
  return picture(720, 66 + 21 * shown.length, 'A page before and after extraction', parts);
}

const binSchema = z.array(
  z.object({
    pairs: z.number(),
    similarity: z.number(),
    formula: z.number(),
    measured: z.number(),
  }),
);

function nearDuplicates(file: string): string {
  const bins = binSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const x = (s: number): number => 60 + 600 * s;
  const y = (share: number): number => 270 - 220 * share;
  const parts = [
    textAt(20, 28, 'Pairs that are found, by how much of their text is the same', { size: 16 }),
  ];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(
      stroke(
        [
          [x(0), y(share)],
          [x(1), y(share)],
        ],
        COLOURS.gone,
        1,
      ),
    );
    parts.push(textAt(x(0) - 8, y(share) + 4, share.toFixed(2), { anchor: 'end', size: 12 }));
  }
  for (let s = 0; s <= 1; s += 0.2)
    parts.push(textAt(x(s), 290, s.toFixed(1), { anchor: 'middle', size: 12 }));
  const curve = Array.from({ length: 201 }, (_, i) => i / 200).map(
    (s) => [x(s), y(1 - (1 - s ** 8) ** 14)] as const,
  );
  parts.push(stroke(curve, COLOURS.soft));
  for (const { similarity, measured } of bins)
    parts.push(
      `<circle cx="${x(similarity).toFixed(1)}" cy="${y(measured).toFixed(1)}" r="4.5" fill="${COLOURS.kept}"/>`,
    );
  const pairs = bins.reduce((sum, bin) => sum + bin.pairs, 0);
  parts.push(
    textAt(x(0.5), 310, 'Jaccard similarity of stretches of five words', { anchor: 'middle' }),
    textAt(x(0.05), 70, 'line: 1 - (1 - s^8)^14', { size: 12, colour: COLOURS.soft }),
    textAt(x(0.05), 88, `dots: measured, ${number(pairs)} pairs`, {
      size: 12,
      colour: COLOURS.kept,
    }),
  );
  return picture(720, 325, 'Near-duplicates found: measured against the formula', parts);
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { corpus: { type: 'string' }, near: { type: 'string' } },
  });
  const { corpus, near } = values;
  if (corpus === undefined || near === undefined) {
    console.log('Of what? --corpus FOLDER --near FILE, as the top of bench/dataPictures.ts says.');
    return;
  }
  const folder = path.join('media', 'data');
  mkdirSync(folder, { recursive: true });
  const statistics = await readStatistics(corpus);
  const pictures = {
    funnel: funnel(statistics),
    threshold: threshold(statistics),
    extraction: await extraction(),
    'near-duplicates': nearDuplicates(near),
  };
  for (const [name, svg] of Object.entries(pictures))
    writeFileSync(path.join(folder, `${name}.svg`), svg);
}

void run(process.argv.slice(2));
