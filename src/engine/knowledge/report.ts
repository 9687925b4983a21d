/** A probe as a folder: the answers, what they come to, a report to read and its picture. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { atomicFile, atomicFolder } from '../../base/files';
import { ROW_NAMES } from '../../base/knowledgeRows';
import { shareText } from '../../base/wilson';
import { readTextLines } from '../data/data';
import { confidenceChart } from './chart';
import { KNOWLEDGE } from './probe';
import type { Knowledge, Probed } from './probe';
import { questionSchema } from './question';
import type { Bin, Counts, KnowledgeSummary } from './statistics';

const ANSWERS = 'answers.jsonl';

const answerSchema = z.object({
  text: z.string(),
  verdict: z.enum(['right', 'wrong', 'refused']),
});
export const probedSchema = z.object({
  question: questionSchema,
  answer: answerSchema,
  ended: z.boolean(),
  probability: z.number(),
  agreement: z.number(),
  drawn: z.array(answerSchema).readonly(),
  knowledge: z.enum(KNOWLEDGE),
});

/** @throws GlassboxError `folder-not-empty`: asked before the work, not after it */
export async function checkOut(folder: string): Promise<void> {
  const there = await readdir(folder).catch((): string[] => []);
  if (there.length === 0) return;
  throw new GlassboxError('folder-not-empty', `${folder} is not empty.`, {
    remedy: 'Choose an empty folder, or one that is not there yet.',
    details: { path: folder },
  });
}

export interface Probe {
  readonly model: string;
  readonly probed: readonly Probed[];
  readonly summary: KnowledgeSummary;
  /** What an earlier probe of the same questions came to. */
  readonly before?: KnowledgeSummary | undefined;
}

/** @throws GlassboxError the file system's reason */
export async function writeProbe(folder: string, probe: Probe): Promise<void> {
  await atomicFolder(folder, async (temporary) => {
    const write = (name: string, text: string): Promise<void> =>
      atomicFile(path.join(temporary, name), text);
    await write(ANSWERS, probe.probed.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const { model, summary, before } = probe;
    await write('summary.json', `${JSON.stringify({ model, ...summary, before }, null, 2)}\n`);
    await write('confidence.svg', confidenceChart(summary));
    await write('report.md', reportOf(probe));
  });
}

/**
 * @param place a probe's folder, or its answers
 * @throws GlassboxError `bad-record` with the line, or the file system's reason
 */
export async function readProbe(place: string): Promise<Probed[]> {
  const file = /\.jsonl$/i.test(place) ? place : path.join(place, ANSWERS);
  const probed: Probed[] = [];
  for await (const { line, number } of readTextLines(file)) {
    try {
      probed.push(probedSchema.parse(JSON.parse(line)));
    } catch (thrown) {
      throw new GlassboxError(
        'bad-record',
        `${file}:${number} is no answer of a probe: ${messageOf(thrown)}`,
        { remedy: 'Name a folder that glassbox knowledge probe --out has made.', cause: thrown },
      );
    }
  }
  return probed;
}

/** What a probe found of each question, by its text. */
export function knowledgeByQuestion(probed: readonly Probed[]): ReadonlyMap<string, Knowledge> {
  return new Map(probed.map(({ question, knowledge }) => [question.question, knowledge]));
}

type Row = Counts & { readonly row: Knowledge | 'often' | 'once' | 'never' };

function tableOf(head: string, rows: readonly Row[]): string {
  const lines = rows.map(({ row, right, wrong, refused }) => {
    const all = right + wrong + refused;
    const cells = [right, wrong, refused].map((count) => shareText(count, all));
    return `| ${ROW_NAMES[row]} | ${all} | ${cells.join(' | ')} |`;
  });
  return [
    `| ${head} | Questions | Right | Made up or wrong | Refused |`,
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function binsTable(head: string, bins: readonly Bin[]): string {
  const lines = bins
    .filter(({ count }) => count > 0)
    .map(
      ({ from, to, count, right }) =>
        `| ${from.toFixed(1)} to ${to.toFixed(1)} | ${count} | ${shareText(right, count)} |`,
    );
  return [`| ${head} | Answers | Right |`, '|---|---|---|', ...lines].join('\n');
}

function reportOf({ model, summary, before, probed }: Probe): string {
  const { questions, knowledge, unended } = summary;
  const cut = unended === 0 ? '' : ` ${unended} answers had no end and were cut off.`;
  const sections = [
    '# What the model knows',
    `\`${model}\`, asked ${questions} questions: ${knowledge.known} known, ${knowledge.inconsistent} inconsistent, ${knowledge.unknown} unknown (made up), ${knowledge.refused} refused.${cut} Intervals are Wilson's, of 95%, and take questions for independent.`,
    ...(before ? ['## Before', tableOf('The model', before.table), '## Now'] : []),
    tableOf(before ? 'The model before' : 'The model', summary.table),
    ...(summary.told.length > 0
      ? ['## By what it was told', tableOf('The fact was', summary.told)]
      : []),
    '## How sure it was, and how often right',
    'Refusals are not counted.',
    '![Right answers against confidence](confidence.svg)',
    binsTable('Probability of its least sure token', summary.probability),
    binsTable('Share of samples that agree', summary.agreement),
    '## Some answers',
    ...(['unknown', 'inconsistent', 'known', 'refused'] as const).flatMap((wanted) =>
      probed
        .filter((each) => each.knowledge === wanted)
        .slice(0, 3)
        .map(
          ({ question, answer }) =>
            `- **${ROW_NAMES[wanted]}**: ${inline(question.question)} ${inline(answer.text)} (right: ${inline(question.answer)})`,
        ),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Text of others within a line of Markdown. */
function inline(text: string): string {
  return text
    .slice(0, 200)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>()#|!]/g, '\\$&');
}
