/**
 * A conversation as the text of a document that shows how a model sees it: the legend, what the
 * template wrote, and for each token where it stands and of which kind it is. Plain values.
 */
import type { RenderEvent } from '../../protocol/chatMessages';

/** `learnt`: the loss counts it. `seen`: what is said and not learnt. `template`: the template's own. */
export const KINDS = ['learnt', 'seen', 'template'] as const;
export type Kind = (typeof KINDS)[number];

export interface SeenToken {
  readonly id: number;
  readonly kind: Kind;
  /** In UTF-16 code units of the document's text, half-open. */
  readonly start: number;
  readonly end: number;
}

export interface SeenText {
  readonly text: string;
  /** Where each kind's name stands in the first line. */
  readonly legend: readonly { readonly kind: Kind; readonly start: number; readonly end: number }[];
  readonly tokens: readonly SeenToken[];
}

export type Rendered = Extract<RenderEvent, { kind: 'conversation' }>;

const GAP = '   ';

/** @param names of the kinds, in the editor's language. */
export function seenText(
  { text, ids, mask, offsets, said }: Rendered,
  names: Readonly<Record<Kind, string>>,
): SeenText {
  let head = '';
  const legend = KINDS.map((kind) => {
    const start = head.length;
    head += ` ${names[kind]} `;
    const end = head.length;
    head += GAP;
    return { kind, start, end };
  });
  head = `${head.trimEnd()} \n\n`;
  let at = 0;
  const tokens = ids.map((id, index): SeenToken => {
    const [start, end] = offsets[index] ?? [0, 0];
    while (at < said.length && (said[at]?.[1] ?? 0) <= start) at++;
    const [from = Infinity] = said[at] ?? [];
    const isSaid = from < end;
    const kind = mask[index] === 1 ? 'learnt' : isSaid ? 'seen' : 'template';
    return { id, kind, start: start + head.length, end: end + head.length };
  });
  // VS Code would read a carriage return as the end of a line, and every place behind it would shift.
  return { text: head + text.replaceAll('\r', '\u240d'), legend, tokens };
}

/** The token that a place belongs to. */
export function tokenAt({ tokens }: SeenText, offset: number): SeenToken | undefined {
  const found = tokens[firstFrom(tokens, offset)];
  return found && found.start <= offset ? found : undefined;
}

/** Which token is the first that ends behind a place, by bisection. */
export function firstFrom(tokens: readonly SeenToken[], offset: number): number {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle]!.end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
