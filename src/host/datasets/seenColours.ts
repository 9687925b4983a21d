/** The colours of a conversation as a model sees it, as decorations that themes can change. */
import * as vscode from 'vscode';
import { layOut } from '../tokens/tokenLayout';
import type { LineEnd, LineSpan, Lines } from '../tokens/tokenLayout';
import { KINDS } from './seenText';
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

export class SeenColours implements vscode.Disposable {
  #types: Types | undefined;

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
    for (const [at, { id, kind, start, end }] of seen.tokens.entries()) {
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

function linesOf(document: vscode.TextDocument): Lines {
  return {
    endLength: 1,
    count: document.lineCount,
    length: (line) => document.lineAt(line).text.length,
  };
}

const rangeOfSpan = ({ line, start, end }: LineSpan): vscode.Range =>
  new vscode.Range(line, start, line, end);

const rangeOfEnd = ({ line, character }: LineEnd): vscode.Range =>
  new vscode.Range(line, character, line, character);
