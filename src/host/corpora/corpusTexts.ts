/** What is said about a corpus and its documents, in the words of `t`. Pure. */
import type { Explanation } from '../../protocol/corpusMessages';
import { literal } from '../literal';

/** VS Code's `l10n.t`, or what stands in for it. */
export type Translate = (message: string, ...values: (string | number)[]) => string;

type Limit = Explanation['stages'][number]['values'][number]['limits'][number];

/** `0.0123`, `12`, `1.5`: what can be compared at a glance. */
export function valueText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

function limitText({ drops, threshold }: Pick<Limit, 'drops' | 'threshold'>, t: Translate): string {
  return drops === 'above'
    ? t('at most {0}', valueText(threshold))
    : t('at least {0}', valueText(threshold));
}

/** Why it is in the corpus, or isn't: one line. */
export function verdictText({ document, stages }: Explanation, t: Translate): string {
  const { drop, tokens, language, languageScore } = document;
  if (!drop)
    return language === undefined
      ? t('Kept: {0} tokens', tokens)
      : t('Kept: {0} tokens, {1} ({2})', tokens, language, valueText(languageScore ?? 0));
  if (drop.of !== undefined) return t('Dropped by {0}: like document {1}', drop.stage, drop.of);
  const crossed = stages
    .filter(({ stage }) => stage === drop.stage)
    .flatMap(({ values }) => values)
    .flatMap(({ measure, value, limits }) => limits.map((limit) => ({ measure, value, ...limit })))
    .find(({ setting }) => setting === drop.reason);
  if (!crossed) return t('Dropped by {0}: {1}', drop.stage, drop.reason);
  const { measure, value } = crossed;
  return t(
    'Dropped by {0}: {1} is {2}, {3} is wanted',
    ...[drop.stage, measure, valueText(value), limitText(crossed, t)],
  );
}

/** Every measured value against its thresholds, and where the document comes from, as Markdown. */
export function measuredText(explanation: Explanation, t: Translate): string {
  const { document, stages } = explanation;
  const { title, url, date, file, offset, record } = document;
  const facts: [string, string | undefined][] = [
    [t('Title'), title],
    [t('Address'), url],
    [t('Date'), date],
    [t('Source'), `${file} @ ${offset}`],
    [t('Record'), record],
  ];
  const rows = stages.flatMap(({ stage, values }) =>
    values.flatMap(({ measure, value, limits }) => {
      const row = (limit?: Limit): string =>
        cells(
          literal(stage),
          literal(measure),
          limit?.crossed === true ? `**${valueText(value)}**` : valueText(value),
          limit ? `${limitText(limit, t)} (${limit.setting})` : '',
        );
      return limits.length === 0 ? [row()] : limits.map(row);
    }),
  );
  return [
    `**${literal(verdictText(explanation, t))}**`,
    '',
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [`- ${name}: ${literal(value)}`],
    ),
    '',
    ...(rows.length === 0
      ? []
      : [...header([t('Stage'), t('Measured'), t('Value'), t('Wanted')]), ...rows]),
  ].join('\n');
}

const cells = (...texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
const header = (names: readonly string[]): string[] => [
  cells(...names),
  cells(...names.map(() => '---')),
];
