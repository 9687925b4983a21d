/** The colours of a conversation as a model sees it, as decorations that themes can change. */
import * as vscode from 'vscode';
import type { PaintedRange } from '../tokens/paintedRanges';
import { isCovered, linesOf, MARGIN, shownRanges } from '../tokens/shownRanges';
import { layOut } from '../tokens/tokenLayout';
import type { LineEnd, LineSpan } from '../tokens/tokenLayout';
import { firstFrom, KINDS } from './seenText';
import type { Kind, SeenText } from './seenText';

type ByKind<T> = Readonly<Record<Kind, T>>;

interface Types {
  /** Two alike by turns: neighbours of one type would be painted as one. */
  readonly spans: readonly [
    ByKind<vscode.TextEditorDecorationType>,
    ByKind<vscode.TextEditorDecorationType>,
  ];
  /** A sign after the line: its end has no width to colour. */
  readonly lineEnds: ByKind<vscode.TextEditorDecorationType>;
}

interface Painted {
  readonly seen: SeenText;
  readonly version: number;
  readonly ranges: readonly PaintedRange[];
}

/** Paints what an editor shows of a conversation, however long that is, and a margin around it. */
export class SeenColours implements vscode.Disposable {
  #types: Types | undefined;
  readonly #painted = new WeakMap<vscode.TextEditor, Painted>();

  /** Whether what the editor shows is painted so already. */
  shows(editor: vscode.TextEditor, seen: SeenText): boolean {
    const painted = this.#painted.get(editor);
    const isSame = painted?.seen === seen && painted.version === editor.document.version;
    return isSame && isCovered(editor, painted.ranges);
  }

  paint(editor: vscode.TextEditor, seen: SeenText): void {
    this.#types ??= {
      spans: [ofKinds(spanType), ofKinds(spanType)],
      lineEnds: ofKinds(lineEndType),
    };
    const { document } = editor;
    const spans = [ofKinds((): LineSpan[] => []), ofKinds((): LineSpan[] => [])] as const;
    const lineEnds = ofKinds((): LineEnd[] => []);
    for (const { kind, start, end } of seen.legend) spans[0][kind].push({ line: 0, start, end });
    const lines = linesOf(document);
    const ranges = shownRanges(editor, MARGIN);
    for (const range of ranges)
      for (let at = firstFrom(seen.tokens, range.start); at < seen.tokens.length; at++) {
        const { id, kind, start, end } = seen.tokens[at]!;
        if (start >= range.end) break;
        const { line, character } = document.positionAt(start);
        const layout = layOut(
          { version: 0, start, ids: [id], ends: [end], parity: 0, partial: [] },
          lines,
          { line, offset: start - character },
        );
        spans[at % 2 === 0 ? 0 : 1][kind].push(...layout.spans[0]);
        lineEnds[kind].push(...layout.lineEnds[0]);
      }
    for (const kind of KINDS) {
      for (const turn of [0, 1] as const)
        editor.setDecorations(this.#types.spans[turn][kind], spans[turn][kind].map(rangeOfSpan));
      editor.setDecorations(this.#types.lineEnds[kind], lineEnds[kind].map(rangeOfEnd));
    }
    this.#painted.set(editor, { seen, version: document.version, ranges });
  }

  dispose(): void {
    if (!this.#types) return;
    for (const kind of KINDS) {
      for (const turn of this.#types.spans) turn[kind].dispose();
      this.#types.lineEnds[kind].dispose();
    }
    this.#types = undefined;
  }
}

function ofKinds<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return { learnt: make('learnt'), seen: make('seen'), template: make('template') };
}

const background = (kind: Kind): vscode.ThemeColor =>
  new vscode.ThemeColor(`glassbox.${kind}Background`);

/** Told apart without colours, too: what is learnt is underlined, what the template wrote is italic. */
function spanType(kind: Kind): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    backgroundColor: background(kind),
    // A gap between two tokens.
    ...{ borderStyle: 'solid', borderWidth: '0 1px 0 0', borderRadius: '2px' },
    borderColor: new vscode.ThemeColor('editor.background'),
    ...(kind === 'learnt' && { textDecoration: 'underline 1px; text-underline-offset: 3px' }),
    ...(kind === 'template' && {
      fontStyle: 'italic',
      color: new vscode.ThemeColor('glassbox.templateForeground'),
    }),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}

function lineEndType(kind: Kind): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    after: {
      ...{ contentText: '⏎', margin: '0 0 0 1px', backgroundColor: background(kind) },
      color: new vscode.ThemeColor('editorCodeLens.foreground'),
    },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}

const rangeOfSpan = ({ line, start, end }: LineSpan): vscode.Range =>
  new vscode.Range(line, start, line, end);

const rangeOfEnd = ({ line, character }: LineEnd): vscode.Range =>
  new vscode.Range(line, character, line, character);
