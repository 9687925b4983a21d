/** What a probe came to, as a page to read (Markdown). */
import type { ConfidenceBin } from '../../base/confidencePoints';
import { ROW_NAMES } from '../../base/knowledgeRows';
import { shareText } from '../../base/wilson';
import type { Probe } from './folder';
import type { Knowledge } from './probe';
import type { Counts } from './statistics';

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

function binsTable(head: string, bins: readonly ConfidenceBin[]): string {
  const lines = bins
    .filter(({ count }) => count > 0)
    .map(
      ({ from, to, count, right }) =>
        `| ${from.toFixed(1)} to ${to.toFixed(1)} | ${count} | ${shareText(right, count)} |`,
    );
  return [`| ${head} | Answers | Right |`, '|---|---|---|', ...lines].join('\n');
}

export function reportOf({ model, summary, before, probed }: Probe): string {
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
