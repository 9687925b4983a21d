/** What a probe comes to: the table, and confidence against truth. */
import type { ConfidenceBin } from '../../base/confidencePoints';
import { KNOWLEDGE } from './probe';
import type { Knowledge, Probed } from './probe';

/** How the likeliest answers stand to what is right. */
export interface Counts {
  readonly right: number;
  readonly wrong: number;
  readonly refused: number;
}

export interface TableRow<Key extends string> extends Counts {
  readonly row: Key;
}

const TOLD = ['often', 'once', 'never'] as const;
export type Told = (typeof TOLD)[number];

export interface KnowledgeSummary {
  readonly questions: number;
  /** Likeliest answers that had to be cut off. */
  readonly unended: number;
  /** What the drawn answers say of what the model knows. */
  readonly knowledge: Readonly<Record<Knowledge, number>>;
  /** What the model knew (before, where an earlier probe is given), and what it answered. */
  readonly table: readonly TableRow<Knowledge>[];
  /** How often the training text tells it, and what the model answered. */
  readonly told: readonly TableRow<Told>[];
  /** Of the answers that are no refusals: how sure the model was, and how often it was right. */
  readonly probability: readonly ConfidenceBin[];
  readonly agreement: readonly ConfidenceBin[];
}

/** @param before what an earlier probe found of the same questions, by their texts */
export function summarize(
  probed: readonly Probed[],
  before?: ReadonlyMap<string, Knowledge>,
): KnowledgeSummary {
  const knew = (each: Probed): Knowledge => before?.get(each.question.question) ?? each.knowledge;
  const counted = before ? probed.filter(({ question }) => before.has(question.question)) : probed;
  const informing = probed.filter(({ answer }) => answer.verdict !== 'refused');
  return {
    questions: probed.length,
    unended: probed.filter(({ ended }) => !ended).length,
    knowledge: {
      known: countOf(probed, 'known'),
      inconsistent: countOf(probed, 'inconsistent'),
      unknown: countOf(probed, 'unknown'),
      refused: countOf(probed, 'refused'),
    },
    table: rowsOf(KNOWLEDGE, counted, knew),
    told: rowsOf(TOLD, probed, ({ question }) => question.told),
    probability: binsOf(informing, ({ probability }) => probability),
    agreement: binsOf(informing, ({ agreement }) => agreement),
  };
}

/** What became of what an earlier probe found, on the questions that both asked. */
export function compare(
  probed: readonly Probed[],
  earlier: readonly Probed[],
): { readonly summary: KnowledgeSummary; readonly before: KnowledgeSummary } {
  const asked = new Set(probed.map(({ question }) => question.question));
  const shared = earlier.filter(({ question }) => asked.has(question.question));
  return { summary: summarize(probed, knowledgeByQuestion(earlier)), before: summarize(shared) };
}

/** What a probe found of each question, by its text. */
export function knowledgeByQuestion(probed: readonly Probed[]): ReadonlyMap<string, Knowledge> {
  return new Map(probed.map(({ question, knowledge }) => [question.question, knowledge]));
}

function countOf(probed: readonly Probed[], wanted: Knowledge): number {
  return probed.filter(({ knowledge }) => knowledge === wanted).length;
}

function rowsOf<Key extends string>(
  keys: readonly Key[],
  probed: readonly Probed[],
  keyOf: (each: Probed) => Key | undefined,
): TableRow<Key>[] {
  return keys.flatMap((row) => {
    const its = probed.filter((each) => keyOf(each) === row);
    const count = (wanted: keyof Counts): number =>
      its.filter(({ answer }) => answer.verdict === wanted).length;
    if (its.length === 0) return [];
    return [{ row, right: count('right'), wrong: count('wrong'), refused: count('refused') }];
  });
}

const BINS = 10;

function binsOf(probed: readonly Probed[], valueOf: (each: Probed) => number): ConfidenceBin[] {
  return Array.from({ length: BINS }, (_, at) => {
    const its = probed.filter(
      (each) => Math.min(BINS - 1, Math.floor(valueOf(each) * BINS + 1e-9)) === at,
    );
    const sum = its.reduce((total, each) => total + valueOf(each), 0);
    return {
      from: at / BINS,
      to: (at + 1) / BINS,
      count: its.length,
      right: its.filter(({ answer }) => answer.verdict === 'right').length,
      mean: its.length === 0 ? 0 : sum / its.length,
    };
  });
}
