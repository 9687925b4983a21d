/**
 * What finished labels look like together: how long answers are, how often they refuse, which sections
 * of the guidelines they cite, how long they took, and how far labellers agree.
 *
 * Agreement is over pairs of finished labels of one task by two labellers. Comparisons and ratings: the
 * share of equal ones (p_o), and Cohen's kappa (Cohen, "A coefficient of agreement for nominal scales",
 * 1960), (p_o - p_e) / (1 - p_e), where p_e is the share that two labellers with the same habits would
 * reach by chance: here from the habits of all labellers together, so that pairs have no order (Scott,
 * "Reliability of content analysis", 1955). For ratings kappa is weighted by the square of the distance (Cohen, "Weighted
 * kappa", 1968): 1 - sum of d^2 over the sum that chance would give. Answers: the mean `likeness`.
 *
 * A refusal is told by its words, in English; see `isRefusal`. Not covered: whether an answer is right.
 */
import { isRefusal } from '../base/refusals';
import type { Finished, Ledger } from './ledger';
import { MODES } from './record';
import type { Label, Mode } from './record';
import type { Section } from './guidelines';
import { likeness, wordCount } from './wordDiff';

const LENGTHS = [0, 10, 25, 50, 100, 200, 400];

export interface LabellerStatistics {
  readonly labeller: string;
  readonly done: number;
  readonly skipped: number;
  readonly medianSeconds: number | null;
  readonly answers: number;
  readonly medianWords: number | null;
  readonly refusals: number;
  readonly draftKept: number | null;
}

export interface Agreement {
  readonly mode: Mode;
  readonly pairs: number;
  readonly agreement: number;
  readonly kappa: number | null;
}

export interface LabelStatistics {
  readonly tasks: number;
  readonly labelled: number;
  readonly labellers: LabellerStatistics[];
  readonly agreement: Agreement[];
  readonly sections: { slug: string; title: string; cited: number }[];
  readonly uncited: number;
  readonly lengths: { from: number; answers: number }[];
  readonly firstChosen: { first: number; decided: number };
}

/** @param sections those of the guidelines as they are now */
export function statisticsOf(ledger: Ledger, sections: readonly Section[]): LabelStatistics {
  const finished = ledger.finished();
  const words = finished.flatMap(({ label }) => answersOf(label).map(wordCount));
  return {
    tasks: ledger.tasks.length,
    labelled: new Set(finished.map(({ task }) => task.id)).size,
    labellers: ledger.labellers.map((labeller) => ofLabeller(ledger, finished, labeller)),
    agreement: MODES.flatMap((mode) => agreementOf(finished, mode) ?? []),
    sections: coverage(finished, sections),
    uncited: finished.filter(({ label }) => label.cites.length === 0).length,
    lengths: LENGTHS.map((from, at) => ({
      from,
      answers: words.filter((count) => count >= from && count < (LENGTHS[at + 1] ?? Infinity))
        .length,
    })),
    firstChosen: firstChosen(finished),
  };
}

/** The last answer of each branch. */
function answersOf({ result }: Label): string[] {
  if (result.mode !== 'answer') return [];
  return result.branches.flatMap((branch) => {
    const last = branch.findLast(({ role }) => role === 'assistant')?.content ?? '';
    return last.trim() === '' ? [] : [last];
  });
}

function ofLabeller(
  ledger: Ledger,
  finished: readonly Finished[],
  labeller: string,
): LabellerStatistics {
  const own = finished.filter(({ label }) => label.by === labeller).map(({ label }) => label);
  const answers = own.flatMap(answersOf);
  const kept = own.flatMap(({ result }) =>
    result.mode === 'answer'
      ? result.branches.flatMap((branch) =>
          branch.flatMap(({ draft, content }) => (draft ? [likeness(draft.text, content)] : [])),
        )
      : [],
  );
  return {
    labeller,
    done: own.length,
    skipped: ledger.tasks.filter(({ id }) => ledger.statusOf(id, labeller) === 'skipped').length,
    medianSeconds: median(own.map(({ seconds }) => seconds)),
    answers: answers.length,
    medianWords: median(answers.map(wordCount)),
    refusals: answers.filter(isRefusal).length,
    draftKept: kept.length === 0 ? null : mean(kept),
  };
}

function coverage(finished: readonly Finished[], sections: readonly Section[]) {
  const cited = new Map<string, number>(sections.map(({ slug }) => [slug, 0]));
  for (const { label } of finished)
    for (const slug of new Set(label.cites)) cited.set(slug, (cited.get(slug) ?? 0) + 1);
  const titles = new Map(sections.map(({ slug, title }) => [slug, title]));
  return [...cited].map(([slug, count]) => ({
    slug,
    title: titles.get(slug) ?? slug,
    cited: count,
  }));
}

function firstChosen(finished: readonly Finished[]): { first: number; decided: number } {
  const decided = finished.flatMap(({ label: { result } }) =>
    result.mode === 'ranking' && result.choice !== undefined && result.choice !== 'tie'
      ? [result.choice === result.shown[0]]
      : [],
  );
  return { first: decided.filter(Boolean).length, decided: decided.length };
}

function agreementOf(finished: readonly Finished[], mode: Mode): Agreement | undefined {
  const byTask = new Map<string, Label[]>();
  for (const { task, label } of finished)
    if (label.result.mode === mode) byTask.set(task.id, [...(byTask.get(task.id) ?? []), label]);
  const pairs = [...byTask.values()].flatMap((labels) =>
    labels.flatMap((one, at) => labels.slice(at + 1).map((other) => [one, other] as const)),
  );
  if (pairs.length === 0) return undefined;
  if (mode === 'answer') {
    const alike = pairs.map(([a, b]) => likeness(answersOf(a)[0] ?? '', answersOf(b)[0] ?? ''));
    return { mode, pairs: pairs.length, agreement: mean(alike), kappa: null };
  }
  const judged = pairs.flatMap(([a, b]) => judgements(a, b));
  if (judged.length === 0) return undefined;
  const equal = judged.filter(([a, b]) => a === b).length / judged.length;
  const kappa = mode === 'rating' ? weightedKappa(judged) : nominalKappa(judged);
  return { mode, pairs: pairs.length, agreement: equal, kappa };
}

type Judged = readonly [number, number];

/** What both said of the same thing, as numbers: marks; of a comparison which one of the two, or 2. */
function judgements({ result: a }: Label, { result: b }: Label): Judged[] {
  if (a.mode === 'rating' && b.mode === 'rating')
    return Object.entries(a.scores).flatMap(([candidate, score]) => {
      const other = b.scores[candidate];
      return other === undefined ? [] : [[score, other] as const];
    });
  if (a.mode !== 'ranking' || b.mode !== 'ranking') return [];
  // The candidates' own order, not the one in which they were shown.
  const order = [...a.shown].sort();
  const number = (choice: string | undefined): number =>
    choice === undefined || choice === 'tie' ? 2 : order.indexOf(choice);
  return [[number(a.choice), number(b.choice)]];
}

/** Null where chance alone would agree always. */
function nominalKappa(judged: readonly Judged[]): number | null {
  const observed = judged.filter(([a, b]) => a === b).length / judged.length;
  const all = judged.flat();
  const shares = [...new Set(all)].map(
    (each) => all.filter((one) => one === each).length / all.length,
  );
  const expected = shares.reduce((sum, share) => sum + share * share, 0);
  return expected === 1 ? null : (observed - expected) / (1 - expected);
}

function weightedKappa(judged: readonly Judged[]): number | null {
  const all = judged.flat();
  const observed = mean(judged.map(([a, b]) => (a - b) ** 2));
  const centre = mean(all);
  // The mean square distance of two marks drawn from all of them is twice their variance.
  const expected = 2 * mean(all.map((mark) => (mark - centre) ** 2));
  return expected === 0 ? null : 1 - observed / expected;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
