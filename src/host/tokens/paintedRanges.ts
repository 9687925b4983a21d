/**
 * Which stretches of a document to paint for what an editor shows. An editor tells lines, not columns,
 * so that a very long line would be whole; it is painted as far as an editor draws it, and less far
 * where there are many of them.
 */
import type { TextRange } from './documentMirror';
import type { Lines } from './tokenLayout';

/** VS Code draws no more of a line than this (`editor.stopRenderingLineAfter`). */
const LINE_LIMIT = 10_000;
/** Code units painted in all, about. */
const BUDGET = 80_000;

/** A stretch of lines as an editor shows them; the last one with a part of it at least. */
export interface ShownLines {
  readonly firstLine: number;
  readonly firstCharacter: number;
  readonly lastLine: number;
}

/** What to paint, in order, without overlaps: offsets, and where the line of the start begins. */
export interface PaintedRange extends TextRange {
  readonly line: number;
  readonly lineStart: number;
}

/**
 * @param margin lines painted above and below, so that a small scroll needs nothing new.
 * @param offsetOf of a line's start.
 */
export function paintedRanges(
  shown: readonly ShownLines[],
  lines: Lines,
  margin: number,
  offsetOf: (line: number) => number,
): PaintedRange[] {
  const ranges: { line: number; lineStart: number; start: number; end: number }[] = [];
  const stretches = shown.map(({ firstLine, firstCharacter, lastLine }) => ({
    first: Math.max(0, firstLine - margin),
    last: Math.min(lines.count - 1, lastLine + margin),
    // A line that is longer than the screen may be wrapped, with its beginning out of sight.
    skipped: firstCharacter > LINE_LIMIT / 2 ? { line: firstLine, to: firstCharacter } : undefined,
  }));
  const total = stretches.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const limit = Math.min(LINE_LIMIT, Math.max(500, Math.floor(BUDGET / Math.max(total, 1))));
  let next = 0;
  for (const { first, last, skipped } of stretches) {
    for (let line = Math.max(first, next); line <= last; line++) {
      const lineStart = offsetOf(line);
      const length = lines.length(line);
      const from = skipped?.line === line ? Math.max(0, skipped.to - limit / 4) : 0;
      const whole = length - from <= limit;
      const start = lineStart + Math.floor(from);
      const end = whole ? lineStart + length + lines.endLength : start + limit;
      const before = ranges.at(-1);
      if (before?.end === start) before.end = end;
      else ranges.push({ line, lineStart, start, end });
      next = line + 1;
    }
  }
  return ranges;
}
