/** What a probe of a model's knowledge came to, on a terminal: the table, and confidence against truth. */
import { ROW_NAMES } from '../../base/knowledgeRows';
import { shareText } from '../../base/wilson';
import type { KnowledgeSummary, ProbeEvent } from '../../protocol/knowledgeMessages';
import { grouped, type Style } from './terminalText';

type Row = KnowledgeSummary['table'][number] | KnowledgeSummary['told'][number];
type Bin = KnowledgeSummary['probability'][number];

export function linesOfSummary(
  { summary, before }: Extract<ProbeEvent, { kind: 'done' }>,
  { columns, style }: { readonly columns: number; readonly style: Style },
): string[] {
  const { questions, knowledge, unended } = summary;
  const { known, inconsistent, unknown, refused } = knowledge;
  return [
    `${grouped(questions)} questions: ${known} known, ${inconsistent} inconsistent, ${unknown} unknown (made up), ${refused} refused`,
    ...(unended > 0 ? [`${grouped(unended)} answers had no end and were cut off`] : []),
    ...(before ? ['', style.bold('Before'), ...table('the model', before.table, style)] : []),
    '',
    style.bold(before ? 'Now' : 'Answers'),
    ...table(before ? 'the model before' : 'the model', summary.table, style),
    ...(summary.told.length > 0 ? ['', ...table('the fact was', summary.told, style)] : []),
    '',
    ...plot(
      'Right, by the probability of the least sure token',
      summary.probability,
      columns,
      style,
    ),
    '',
    ...plot('Right, by the share of samples that agree', summary.agreement, columns, style),
    '',
  ];
}

function table(head: string, rows: readonly Row[], style: Style): string[] {
  const columns = [18, 6, 22, 22, 22];
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(columns[at]!) : cell.padStart(columns[at]!)))
      .join('')
      .trimEnd();
  return [
    style.dim(line([head, 'asked', 'right', 'made up or wrong', 'refused'])),
    ...rows.map(({ row, right, wrong, refused }) => {
      const all = right + wrong + refused;
      return line([
        ROW_NAMES[row],
        String(all),
        ...[right, wrong, refused].map((count) => shareText(count, all)),
      ]);
    }),
  ];
}

/** A bar for each tenth that has answers. */
function plot(head: string, bins: readonly Bin[], columns: number, style: Style): string[] {
  const width = Math.max(10, Math.min(50, columns - 40));
  return [
    style.dim(head),
    ...bins
      .filter(({ count }) => count > 0)
      .map(({ from, to, count, right }) => {
        const filled = Math.round((right / count) * width);
        const bar = `${style.train('█'.repeat(filled))}${style.dim('·'.repeat(width - filled))}`;
        return `${from.toFixed(1)}-${to.toFixed(1)} ${bar} ${shareText(right, count)} of ${count}`;
      }),
  ];
}
