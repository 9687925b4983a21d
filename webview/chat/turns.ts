/** The path that is shown as turns, and how tokens are shown: what the page needs to know without a page. */
import type { ShownPassage, ShownToken } from '../../src/protocol/chatSurface';

/** A person's turn, or an answer: passages that follow each other, and what tools gave between them. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly passages: readonly ShownPassage[];
}

export function turnsOf(path: readonly ShownPassage[]): Turn[] {
  const turns: { role: Turn['role']; passages: ShownPassage[] }[] = [];
  for (const passage of path) {
    const last = turns.at(-1);
    if (passage.role === 'user') turns.push({ role: 'user', passages: [passage] });
    else if (last?.role === 'assistant') last.passages.push(passage);
    else turns.push({ role: 'assistant', passages: [passage] });
  }
  return turns;
}

/** Some tokens of a passage; from 0 on its text, too. */
export interface Part {
  readonly passage: ShownPassage;
  readonly from: number;
  readonly to: number;
}

/** What is said, or a call of a tool with what it gave. */
export interface Segment {
  readonly kind: 'said' | 'call';
  readonly parts: readonly Part[];
  /** Once the call is complete. */
  readonly call?: ShownPassage['call'];
  /** The passage that ends with the call. */
  readonly caller?: number;
  /** What the tool gave. */
  readonly result?: ShownPassage | undefined;
  /** Somebody has to allow it. */
  readonly waits: boolean;
}

type Growing = { -readonly [Key in keyof Segment]: Segment[Key] } & { parts: Part[] };

export function segmentsOf({ passages }: Turn): Segment[] {
  const segments: Growing[] = [];
  const grow = (kind: Segment['kind']): Growing => {
    const last = segments.at(-1);
    if (last?.kind === kind && !last.call && !last.result) return last;
    const segment: Growing = { kind, parts: [], waits: false };
    segments.push(segment);
    return segment;
  };
  for (const passage of passages) {
    if (passage.role === 'tool') {
      const last = segments.at(-1);
      if (last?.kind === 'call' && !last.result) last.result = passage;
      else grow('call').result = passage;
      continue;
    }
    for (const { kind, from, to } of runsOf(passage)) grow(kind).parts.push({ passage, from, to });
    if (!passage.call) continue;
    const { tokens, call, ending } = passage;
    const segment = tokens.at(-1)?.within ? (segments.at(-1) ?? grow('call')) : grow('call');
    segment.call = call;
    segment.caller = passage.id;
    segment.waits = ending === 'call';
  }
  return segments;
}

function runsOf({ text, tokens }: ShownPassage) {
  const runs: { kind: Segment['kind']; from: number; to: number }[] = [];
  if (text !== '' || tokens.length === 0) runs.push({ kind: 'said', from: 0, to: 0 });
  for (const [at, { within }] of tokens.entries()) {
    const kind = within ?? 'said';
    const last = runs.at(-1);
    if (last?.kind === kind) last.to = at + 1;
    else runs.push({ kind, from: at, to: at + 1 });
  }
  return runs;
}

export const textOf = ({ passages }: Turn): string =>
  passages
    .filter(({ role }) => role !== 'tool')
    .map(({ text, tokens }) => text + tokens.map(saidBy).join(''))
    .join('');

const saidBy = ({ silent, within, text }: ShownToken): string => (silent || within ? '' : text);

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
