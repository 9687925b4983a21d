/** The colours of tokens, as decorations that themes can change; made when tokens are first shown. */
import * as vscode from 'vscode';
import type { LineEnd, LineSpan, TokenLayout } from './tokenLayout';

export class TokenDecorations implements vscode.Disposable {
  #types: Types | undefined;

  paint(editor: vscode.TextEditor, { spans, lineEnds, split }: TokenLayout): void {
    this.#types ??= makeTypes();
    for (const colour of [0, 1] as const) {
      editor.setDecorations(this.#types.spans[colour], spans[colour].map(rangeOfSpan));
      editor.setDecorations(this.#types.lineEnds[colour], lineEnds[colour].map(rangeOfEnd));
    }
    editor.setDecorations(this.#types.split, split.map(rangeOfSpan));
  }

  clear(editor: vscode.TextEditor): void {
    for (const type of all(this.#types)) editor.setDecorations(type, []);
  }

  dispose(): void {
    for (const type of all(this.#types)) type.dispose();
    this.#types = undefined;
  }
}

interface Types {
  readonly spans: readonly [vscode.TextEditorDecorationType, vscode.TextEditorDecorationType];
  /** A sign after the line: its end has no width to colour. */
  readonly lineEnds: readonly [vscode.TextEditorDecorationType, vscode.TextEditorDecorationType];
  readonly split: vscode.TextEditorDecorationType;
}

const all = (types: Types | undefined): readonly vscode.TextEditorDecorationType[] =>
  types ? [...types.spans, ...types.lineEnds, types.split] : [];

function makeTypes(): Types {
  const { createTextEditorDecorationType } = vscode.window;
  const rangeBehavior = vscode.DecorationRangeBehavior.ClosedClosed;
  const coloured = (colour: 1 | 2): vscode.ThemableDecorationRenderOptions => ({
    backgroundColor: new vscode.ThemeColor(`glassbox.token${colour}Background`),
    borderColor: new vscode.ThemeColor(`glassbox.token${colour}Border`),
    borderStyle: 'solid',
    borderWidth: '1px',
  });
  const span = (colour: 1 | 2) =>
    createTextEditorDecorationType({ ...coloured(colour), borderRadius: '2px', rangeBehavior });
  const lineEnd = (colour: 1 | 2) =>
    createTextEditorDecorationType({
      after: {
        ...{ contentText: '⏎', margin: '0 0 0 1px' },
        color: new vscode.ThemeColor('editorCodeLens.foreground'),
        backgroundColor: new vscode.ThemeColor(`glassbox.token${colour}Background`),
      },
      rangeBehavior,
    });
  return {
    spans: [span(1), span(2)],
    lineEnds: [lineEnd(1), lineEnd(2)],
    split: createTextEditorDecorationType({ textDecoration: 'underline dotted', rangeBehavior }),
  };
}

const rangeOfSpan = ({ line, start, end }: LineSpan): vscode.Range =>
  new vscode.Range(line, start, line, end);

const rangeOfEnd = ({ line, character }: LineEnd): vscode.Range =>
  new vscode.Range(line, character, line, character);
