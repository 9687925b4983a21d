/**
 * Where tokens stand on the lines of a document, as what an editor can paint: stretches within lines,
 * and the ends of lines that a token covers (a line's end has no width of its own to colour).
 */
import type { DocumentTokens } from '../../protocol/documentMessages';

/** A stretch of one line, in UTF-16 code units; never empty. */
export interface LineSpan {
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** The lines whose end a token covers, and where that end is. */
export interface LineEnd {
  readonly line: number;
  readonly character: number;
}

export interface TokenLayout {
  /** By the tokens' two alternating colours. */
  readonly spans: readonly [LineSpan[], LineSpan[]];
  readonly lineEnds: readonly [LineEnd[], LineEnd[]];
  /** Characters that are cut among several tokens. */
  readonly split: LineSpan[];
}

export interface Lines {
  /** Code units of a line's end: 1, or 2 for carriage return and line feed. */
  readonly endLength: number;
  readonly count: number;
  length(line: number): number;
}

/** @param first the line that holds the first token's start, and the offset of that line's start. */
export function layOut(
  { start, ends, parity, partial }: DocumentTokens,
  lines: Lines,
  first: { readonly line: number; readonly offset: number },
): TokenLayout {
  const layout: TokenLayout = { spans: [[], []], lineEnds: [[], []], split: [] };
  const cut = new Set(partial);
  let { line, offset } = first;
  let length = lines.length(line);
  let from = start;
  for (let token = 0; token < ends.length; token++) {
    const to = ends[token]!;
    const colour = (parity + token) % 2 === 0 ? 0 : 1;
    for (let at = from; at < to;) {
      const end = offset + length;
      const stop = Math.min(to, end);
      if (at < stop) {
        const span = { line, start: at - offset, end: stop - offset };
        layout.spans[colour].push(span);
        if (cut.has(token)) layout.split.push(span);
      }
      if (to <= end) break;
      if (at <= end) layout.lineEnds[colour].push({ line, character: length });
      // Half of a line's end: the other half is the next token's.
      if (to < end + lines.endLength || line + 1 >= lines.count) break;
      line++;
      offset = end + lines.endLength;
      length = lines.length(line);
      at = offset;
    }
    from = to;
  }
  return layout;
}
