/** The path that is shown as turns, and how tokens are shown: what the page needs to know without a page. */
import type { ShownPassage, ShownToken } from '../../src/protocol/chatSurface';

/** A person's turn, or an answer: passages that follow each other. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly passages: readonly ShownPassage[];
}

export function turnsOf(path: readonly ShownPassage[]): Turn[] {
  const turns: { role: Turn['role']; passages: ShownPassage[] }[] = [];
  for (const passage of path) {
    const last = turns.at(-1);
    if (last?.role === 'assistant' && passage.role === 'assistant') last.passages.push(passage);
    else turns.push({ role: passage.role, passages: [passage] });
  }
  return turns;
}

export const textOf = ({ passages }: Turn): string =>
  passages
    .map(({ text, tokens }) => text + tokens.map((each) => (each.silent ? '' : each.text)).join(''))
    .join('');

/** Where a probability lies on the scale that tokens are coloured by: 0 is sure, 4 a surprise. */
export const SCALE = [0.9, 0.5, 0.2, 0.05] as const;

export function levelOf({ probability }: Pick<ShownToken, 'probability'>): number {
  const level = SCALE.findIndex((least) => probability >= least);
  return level === -1 ? SCALE.length : level;
}

/** 0.372 -> "37 %"; small ones keep two digits. */
export function percent(probability: number, language?: string): string {
  const digits = probability > 0 && probability < 0.1 ? { maximumSignificantDigits: 2 } : {};
  const most = probability >= 0.9995 || probability < 0.1 ? {} : { maximumFractionDigits: 1 };
  const style = { style: 'percent', ...digits, ...most } as const;
  if (probability > 0 && probability < 1e-6) return `< ${percent(1e-6, language)}`;
  return new Intl.NumberFormat(language, style).format(probability);
}

/** Nats as bits, with two digits after the point. */
export function bits(nats: number, language?: string): string {
  const value = Math.max(0, nats / Math.LN2);
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);
}

const VISIBLE: Readonly<Record<string, string>> = { ' ': '·', '\n': '↵', '\t': '→', '\r': '␍' };

/** A token's text with what can't be seen shown. */
export function visible(text: string): string {
  return text === '' ? '∅' : text.replace(/[ \n\t\r]/g, (character) => VISIBLE[character]!);
}
