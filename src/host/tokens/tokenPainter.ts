/**
 * Paints the tokens of one editor: what it shows and a margin around that, anew when its text, its
 * place or its tokenizer changes. One question to the engine at a time; what was asked for meanwhile is
 * done once, for what the editor shows by then.
 */
import * as vscode from 'vscode';
import { hasCode } from '../../base/errors';
import type { DocumentMirror } from './documentMirror';
import type { PaintedRange } from './paintedRanges';
import { isCovered, linesOf, MARGIN, shownRanges } from './shownRanges';
import type { TokenDecorations } from './tokenDecorations';
import { layOut } from './tokenLayout';
import type { TokenLayout } from './tokenLayout';

/** After a change of the text: what is seen has to be right within a frame. */
const MARGIN_TYPING = 1;

export interface PainterOptions {
  readonly editor: vscode.TextEditor;
  readonly decorations: TokenDecorations;
  readonly mirror: () => DocumentMirror;
  readonly log: vscode.LogOutputChannel;
  /** Asking failed, or (undefined) it works again. */
  readonly onProblem: (problem: unknown) => void;
}

export class TokenPainter implements vscode.Disposable {
  readonly #options: PainterOptions;
  #painted: { readonly version: number; readonly ranges: readonly PaintedRange[] } | undefined;
  #margin = MARGIN;
  #working = false;
  /** When what has to be painted changed; undefined where nothing did since the last painting. */
  #dirtySince: number | undefined;
  #disposed = false;

  constructor(options: PainterOptions) {
    this.#options = options;
  }

  get editor(): vscode.TextEditor {
    return this.#options.editor;
  }

  /** What cuts the text has changed, or more of it is known. */
  repaint(): void {
    this.#painted = undefined;
    this.#margin = MARGIN;
    this.#ask();
  }

  /** The text has changed. */
  edited(): void {
    this.#painted = undefined;
    this.#margin = MARGIN_TYPING;
    this.#ask();
  }

  /** Another part of the text is seen: nothing to do while it is painted already. */
  scrolled(): void {
    const painted = this.#painted;
    const document = this.editor.document;
    if (painted?.version === document.version) {
      if (isCovered(this.editor, painted.ranges)) return;
      this.#margin = MARGIN;
    }
    this.#ask();
  }

  #ask(): void {
    this.#dirtySince ??= performance.now();
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      while (this.#dirtySince !== undefined && !this.#disposed) {
        const since = this.#dirtySince;
        this.#dirtySince = undefined;
        // An answer about a text that has changed meanwhile is of no use: the change asked again.
        if (!(await this.#paint(since))) this.#dirtySince ??= since;
      }
      this.#options.onProblem(undefined);
    } catch (thrown) {
      this.#dirtySince = undefined;
      if (!this.#disposed && !hasCode(thrown, 'cancelled')) this.#options.onProblem(thrown);
    } finally {
      this.#working = false;
    }
  }

  /** False if the text changed before it could be painted. */
  async #paint(since: number): Promise<boolean> {
    const { editor, decorations, log } = this.#options;
    const { document } = editor;
    const { version } = document;
    const mirror = this.#options.mirror();
    const ranges = shownRanges(editor, this.#margin);
    const asked = performance.now();
    const answers = await Promise.all(ranges.map((range) => mirror.tokens(range)));
    const answered = performance.now();
    if (this.#disposed) return true;
    if (document.version !== version) return false;
    const { loading } = mirror;
    const layouts = answers.map((tokens, index) => {
      const { line, lineStart } = firstLine(document, tokens.start, ranges[index]!);
      return layOut(tokens, linesOf(document), { line, offset: lineStart });
    });
    this.#painted = { version, ranges };
    decorations.paint(editor, joined(layouts));
    const done = performance.now();
    const tokens = answers.reduce((sum, { ids }) => sum + ids.length, 0);
    log.trace(
      `tokens: painted ${tokens} of version ${version} after ${(done - since).toFixed(2)} ms (engine ${(answered - asked).toFixed(2)}, painting ${(done - answered).toFixed(2)})`,
    );
    // The end of what was there by then may be cut otherwise once the rest is.
    if (loading) void loading.then(() => this.repaint());
    return true;
  }

  dispose(): void {
    this.#disposed = true;
    this.#options.decorations.clear(this.editor);
  }
}

/** The line that the first token begins on: it may begin before what was asked for. */
function firstLine(
  document: vscode.TextDocument,
  start: number,
  { line, lineStart }: PaintedRange,
): { line: number; lineStart: number } {
  if (start >= lineStart) return { line, lineStart };
  const at = document.positionAt(start).line;
  return { line: at, lineStart: document.offsetAt(new vscode.Position(at, 0)) };
}

function joined(layouts: readonly TokenLayout[]): TokenLayout {
  return {
    spans: [layouts.flatMap((each) => each.spans[0]), layouts.flatMap((each) => each.spans[1])],
    lineEnds: [
      layouts.flatMap((each) => each.lineEnds[0]),
      layouts.flatMap((each) => each.lineEnds[1]),
    ],
    split: layouts.flatMap((each) => each.split),
  };
}
