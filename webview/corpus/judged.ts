/** The sample under one set of thresholds and switches: who survives, and what that says of the whole corpus. Pure. */
import type { SampledDocument } from '../../src/protocol/corpusMessages';
import { FILTER_STAGES } from '../../src/recipe/corpus';
import {
  findingsIn,
  judge,
  NOT_MEASURED,
  type Settings,
  type Verdict,
} from '../../src/recipe/judging';

/** All stages, in their order. */
export const STAGES = ['source', ...FILTER_STAGES, 'exactDuplicates', 'nearDuplicates'] as const;
export type StageName = (typeof STAGES)[number];

export interface Amount {
  readonly documents: number;
  readonly tokens: number;
}

export interface Judged {
  /** By document of the sample; undefined of what is kept. */
  readonly verdicts: readonly (Verdict | undefined)[];
  readonly kept: Amount;
  /** What each stage leaves. */
  readonly funnel: Readonly<Record<string, Amount>>;
  /** Documents by `<stage>.<reason>`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Documents of which nobody can tell. */
  readonly unknown: number;
}

export function judgeAll(documents: readonly SampledDocument[], settings: Settings): Judged {
  const verdicts = documents.map((document) => judge(document, settings));
  const gone: Record<string, Amount> = {};
  const dropped: Record<string, number> = {};
  let total: Amount = { documents: 0, tokens: 0 };
  let unknown = 0;
  documents.forEach((document, i) => {
    const { tokens } = findingsIn(document, settings);
    total = { documents: total.documents + 1, tokens: total.tokens + tokens };
    const verdict = verdicts[i];
    if (!verdict) return;
    const { stage, reason } = verdict;
    const before = gone[stage] ?? { documents: 0, tokens: 0 };
    gone[stage] = { documents: before.documents + 1, tokens: before.tokens + tokens };
    const key = `${stage}.${reason}`;
    dropped[key] = (dropped[key] ?? 0) + 1;
    if (reason === NOT_MEASURED) unknown++;
  });
  let left = total;
  const funnel = Object.fromEntries(
    STAGES.map((stage) => {
      const { documents: fewer, tokens } = gone[stage] ?? { documents: 0, tokens: 0 };
      left = { documents: left.documents - fewer, tokens: left.tokens - tokens };
      return [stage, left];
    }),
  );
  return { verdicts, kept: left, funnel, dropped, unknown };
}

export interface Moved {
  readonly document: SampledDocument;
  /** Why it was or is dropped. */
  readonly verdict: Verdict;
}

/** Documents that one judgement lets in and the other doesn't. */
export function difference(
  documents: readonly SampledDocument[],
  before: Judged,
  after: Judged,
): { letIn: Moved[]; thrownOut: Moved[] } {
  const letIn: Moved[] = [];
  const thrownOut: Moved[] = [];
  documents.forEach((document, i) => {
    const [was, is] = [before.verdicts[i], after.verdicts[i]];
    if (was && !is) letIn.push({ document, verdict: was });
    if (is && !was) thrownOut.push({ document, verdict: is });
  });
  return { letIn, thrownOut };
}

/** What was counted in the corpus, moved by what has changed in the sample, times what it stands for. */
export function estimated(counted: number, before: number, after: number, factor: number): number {
  return Math.max(0, Math.round(counted + (after - before) * factor));
}
