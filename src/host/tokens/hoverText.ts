/**
 * What a hover says about a token, as Markdown with a little HTML. Texts of documents come as character
 * references: whatever they hold, they can't become markup.
 */
import type { TokenExplanation } from '../../protocol/documentMessages';
import { joinTokenTexts, visibleText } from '../../protocol/tokenText';
import { literal } from '../literal';

/** Words of the hover, in the editor's language. */
export interface HoverWords {
  readonly id: string;
  readonly bytes: string;
  readonly rank: string;
  readonly special: string;
  readonly notMerged: string;
  readonly occurrences: (count: number) => string;
  readonly merges: string;
  readonly cuts: (piece: string) => string;
  readonly tokens: (count: number) => string;
}

const SEPARATOR = ' &nbsp;·&nbsp; ';

/** Merges and tokens shown of each; more would not be read. */
const LONGEST = 24;

const code = (text: string): string => `<code>${literal(visibleText(text))}</code>`;

/** In the colours of the overlay. */
const painted = (text: string, index: number): string =>
  `<span style="background-color:var(--vscode-glassbox-token${(index % 2) + 1}Background);">${literal(visibleText(text))}</span>`;

export function hoverText(
  token: TokenExplanation,
  label: (tokenizer: string) => string,
  tokenizer: string,
  words: HoverWords,
): string {
  const { id, text, bytes, rank, special, merges, occurrences, piece, others } = token;
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  const facts = [
    `${literal(words.id)} **${id}**`,
    `${literal(words.bytes)} <code>${shortened(hex).join(' ')}</code>`,
    special
      ? literal(words.special)
      : rank === undefined
        ? literal(words.notMerged)
        : `${literal(words.rank)} ${rank}`,
    ...(occurrences === undefined ? [] : [literal(words.occurrences(occurrences))]),
  ];
  const parts = [`${code(text)} — ${literal(label(tokenizer))}`, facts.join(SEPARATOR)];
  if (merges.length > 0) {
    const steps = merges.map(
      ({ left, right, rank: made }) =>
        `${code(left)}+${code(right)} → ${code(joinTokenTexts(left, right))} ${made}`,
    );
    parts.push(`**${literal(words.merges)}**  \n${shortened(steps).join(SEPARATOR)}`);
  }
  if (others.length > 0) {
    const cuts = others.map(({ tokenizer: other, tokens }) => {
      const shown = shortened(tokens.map((each, index) => painted(each.text, index)));
      const ids = shortened(tokens.map((each) => String(each.id))).join(', ');
      return `| ${literal(label(other))} | ${shown.join('')} | ${literal(words.tokens(tokens.length))} | ${ids} |`;
    });
    const table = ['| | | | |', '|:--|:--|--:|:--|', ...cuts].join('\n');
    const title = literal(words.cuts(visibleText(shortened(Array.from(piece)).join(''))));
    parts.push(`**${title}**\n\n${table}`);
  }
  return parts.join('\n\n');
}

function shortened(items: readonly string[]): readonly string[] {
  return items.length <= LONGEST ? items : [...items.slice(0, LONGEST), '…'];
}
