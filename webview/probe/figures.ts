/** What a probe comes to in figures, and which questions are listed: pure. */
import type { KnowledgeSummary, ProbeAnswer } from '../../src/protocol/knowledgeMessages';
import { KINDS } from './view';
import type { Filter, Kind } from './view';

type Table = KnowledgeSummary['table'];
type Counts = Pick<Table[number], 'right' | 'wrong' | 'refused'>;

/** What the model knew, of questions taken together. */
export type Knew = 'knew' | 'unsure' | 'ignorant';
export type Said = keyof Counts;

export interface Group {
  readonly knew: Knew;
  readonly all: number;
  readonly counts: Counts;
}

const ROWS: Readonly<Record<Knew, readonly Kind[]>> = {
  knew: ['known'],
  // A model that says so doesn't know, no less than one that makes something up.
  ignorant: ['unknown', 'refused'],
  unsure: ['inconsistent'],
};

/** The rows of a table, by whether the model knew. */
export function groupsOf(table: Table): Group[] {
  return (['knew', 'ignorant', 'unsure'] as const).map((knew) => {
    const rows = table.filter(({ row }) => ROWS[knew].includes(row));
    const sum = (said: Said): number => rows.reduce((total, each) => total + each[said], 0);
    const counts = { right: sum('right'), wrong: sum('wrong'), refused: sum('refused') };
    return { knew, counts, all: counts.right + counts.wrong + counts.refused };
  });
}

/** How many questions each filter lists. */
export function filterCounts(answers: readonly ProbeAnswer[]): Readonly<Record<Filter, number>> {
  const counts = { all: answers.length, known: 0, unknown: 0, inconsistent: 0, refused: 0 };
  for (const { knowledge } of answers) counts[knowledge]++;
  return { ...counts, changed: answers.filter(hasChanged).length };
}

export const hasChanged = ({ before, knowledge }: ProbeAnswer): boolean =>
  before !== undefined && before.knowledge !== knowledge;

/** Those that a person wants to see, by kind, each in the order in which they were asked. */
export function listed(
  answers: readonly ProbeAnswer[],
  { filter, query }: { readonly filter: Filter; readonly query: string },
): { readonly kind: Kind; readonly answers: readonly ProbeAnswer[] }[] {
  const wanted = query.trim().toLocaleLowerCase();
  const has = (text: string): boolean => text.toLocaleLowerCase().includes(wanted);
  const shown = answers.filter(
    (each) =>
      (filter === 'all' || (filter === 'changed' ? hasChanged(each) : each.knowledge === filter)) &&
      (wanted === '' ||
        [each.question, each.right, each.answer.text, ...each.drawn.map(({ text }) => text)].some(
          has,
        )),
  );
  return KINDS.map((kind) => ({
    kind,
    answers: shown.filter(({ knowledge }) => knowledge === kind),
  })).filter((group) => group.answers.length > 0);
}
