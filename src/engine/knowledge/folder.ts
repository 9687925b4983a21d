/**
 * A probe as a folder: the answers (`answers.jsonl`), what they come to and how they were asked for
 * (`summary.json`), a report to read and its picture. The answers are what makes it one; of a folder that
 * an earlier version wrote, or that holds nothing else, less is known.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { atomicFile, atomicFolder, readTextIfPresent } from '../../base/files';
import { readTextLines } from '../data/data';
import { TOOL_NAMES } from '../tools/tools';
import { confidenceChart } from './chart';
import { KNOWLEDGE } from './probe';
import type { Probed } from './probe';
import { questionSchema } from './question';
import type { KnowledgeQuestion } from './question';
import { reportOf } from './report';
import type { KnowledgeSummary } from './statistics';

export const ANSWERS = 'answers.jsonl';
const SUMMARY = 'summary.json';

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

/** How the questions were asked: what asks them again in the same way. Paths are absolute. */
const askedSchema = z.object({
  model: z.string(),
  about: z.object({
    kind: z.enum(['tinyworld', 'questions', 'texts', 'probe']),
    paths: z.array(z.string()),
    split: z.enum(['taught', 'held-out']).optional(),
  }),
  samples: z.int().nonnegative(),
  temperature: z.number().nonnegative(),
  maxTokens: z.int().positive(),
  seed: z.int().nonnegative(),
  judge: z.string().optional(),
  tools: z.array(z.object({ name: z.enum(TOOL_NAMES), folder: z.string().optional() })).optional(),
  /** The folder of the probe that it was compared with. */
  before: z.string().optional(),
});
export type Asked = z.infer<typeof askedSchema>;

const countSchema = z.int().nonnegative();
const aboutSchema = z.object({
  model: z.string(),
  questions: countSchema,
  knowledge: z.object({
    known: countSchema,
    inconsistent: countSchema,
    unknown: countSchema,
    refused: countSchema,
  }),
  /** The same for probes of the same questions. */
  questionsHash: z.string().optional(),
  asked: askedSchema.optional(),
});

/** What is known of a probe without reading its answers. */
export interface ProbeAbout extends z.infer<typeof aboutSchema> {
  /** When it was made, in milliseconds since 1970. */
  readonly made: number;
}

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
  readonly asked?: Asked | undefined;
}

/** @throws GlassboxError the file system's reason */
export async function writeProbe(folder: string, probe: Probe): Promise<void> {
  await atomicFolder(folder, async (temporary) => {
    const write = (name: string, text: string): Promise<void> =>
      atomicFile(path.join(temporary, name), text);
    const { model, probed, summary, before, asked } = probe;
    await write(ANSWERS, probed.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const questionsHash = hashOf(probed);
    const about = { model, ...summary, before, questionsHash, asked };
    await write(SUMMARY, `${JSON.stringify(about, null, 2)}\n`);
    await write('confidence.svg', confidenceChart(summary));
    await write('report.md', reportOf(probe));
  });
}

/** In whatever order they were asked. */
function hashOf(probed: readonly Probed[]): string {
  const asked = probed.map(({ question }) => question.question).sort();
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}

/** Whether a folder with these files is a probe's. */
export function isProbe(files: readonly string[]): boolean {
  return files.includes(ANSWERS) && files.includes(SUMMARY);
}

/**
 * @param folder of a probe
 * @throws GlassboxError `not-a-probe`
 */
export async function readAbout(folder: string): Promise<ProbeAbout> {
  const file = path.join(folder, SUMMARY);
  try {
    const about = aboutSchema.parse(JSON.parse((await readTextIfPresent(file)) ?? ''));
    return { ...about, made: (await stat(file)).mtimeMs };
  } catch (thrown) {
    throw new GlassboxError('not-a-probe', `${folder} is no probe: its ${SUMMARY} is not one.`, {
      remedy: 'Choose a folder that "Probe Knowledge" or glassbox knowledge probe --out has made.',
      cause: thrown,
    });
  }
}

/** What an earlier probe asked, to be asked again. Throws as `readProbe`. */
export async function questionsOf(place: string): Promise<KnowledgeQuestion[]> {
  return (await readProbe(place)).map(({ question }) => question);
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
        `${file}:${number} is no answer of a probe (${messageOf(thrown)}).`,
        { remedy: 'Name a folder that glassbox knowledge probe --out has made.', cause: thrown },
      );
    }
  }
  return probed;
}
