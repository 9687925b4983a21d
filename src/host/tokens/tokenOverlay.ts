/**
 * Tokens shown in editors: which editors have a painter, when each paints anew, and what VS Code's menus
 * know of it.
 */
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import { Contexts } from '../contexts';
import type { Services } from '../services';
import { onDidChangeSetting } from '../settings';
import type { MirroredDocuments } from './mirroredDocuments';
import type { ShownDocuments } from './shownDocuments';
import { TokenDecorations } from './tokenDecorations';
import { TokenPainter } from './tokenPainter';

/** VS Code keeps longer texts from extensions. */
const LONGEST_TEXT = '50 MB';

export class TokenOverlay implements vscode.Disposable {
  readonly #services: Services;
  readonly #documents: MirroredDocuments;
  readonly #shown: ShownDocuments;
  readonly #decorations = new TokenDecorations();
  readonly #painters = new Map<vscode.TextEditor, TokenPainter>();
  readonly #problems = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  readonly #contexts = new Contexts();
  #problem: string | undefined;
  /** The active editor shows tokens. */
  #seen = false;

  /** `problem` has changed. */
  readonly onDidChangeProblem = this.#problems.event;

  constructor(services: Services, documents: MirroredDocuments, shown: ShownDocuments) {
    this.#services = services;
    this.#documents = documents;
    this.#shown = shown;
    const { window, workspace } = vscode;
    const repaintAll = (): void => this.#painters.forEach((painter) => painter.repaint());
    this.#subscriptions = vscode.Disposable.from(
      this.#decorations,
      this.#problems,
      window.onDidChangeVisibleTextEditors(() => this.#update()),
      window.onDidChangeActiveTextEditor(() => this.#tellMenus()),
      window.onDidChangeTextEditorVisibleRanges(({ textEditor }) =>
        this.#painters.get(textEditor)?.scrolled(),
      ),
      documents.onDidChange((document) => {
        for (const painter of this.#painters.values())
          if (painter.editor.document === document) painter.edited();
      }),
      shown.onDidChange(() => this.#update()),
      onDidChangeSetting('tokens.tokenizer', repaintAll),
      workspace.onDidGrantWorkspaceTrust(repaintAll),
      // Another language closes the document and opens it again, in the same editors.
      workspace.onDidOpenTextDocument((document) => {
        for (const painter of this.#painters.values())
          if (painter.editor.document === document) painter.repaint();
      }),
      services.engine.onDidCrash(repaintAll),
      services.engine.onDidMend(repaintAll),
    );
    this.#update();
  }

  /** Why tokens can't be shown now, where they should be. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Switches the active editor. */
  show(shown: boolean): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document) this.#shown.set(document, shown);
    else if (shown)
      void vscode.window.showInformationMessage(
        vscode.l10n.t(
          'No text is open in the editor in front. (VS Code gives no extension a text above {0}.)',
          LONGEST_TEXT,
        ),
      );
  }

  #update(): void {
    const editors = vscode.window.visibleTextEditors.filter(({ document }) =>
      this.#shown.has(document),
    );
    for (const [editor, painter] of [...this.#painters]) {
      if (editors.includes(editor)) continue;
      painter.dispose();
      this.#painters.delete(editor);
    }
    for (const editor of editors) {
      if (this.#painters.has(editor)) continue;
      const painter = new TokenPainter({
        editor,
        decorations: this.#decorations,
        mirror: () => this.#documents.get(editor.document),
        log: this.#services.log,
        onProblem: (problem) => this.#tellProblem(problem),
      });
      this.#painters.set(editor, painter);
      painter.repaint();
    }
    this.#tellMenus();
  }

  /** A quiet place tells it: it may come with every keystroke. */
  #tellProblem(thrown: unknown): void {
    const problem = thrown === undefined ? undefined : messageOf(thrown);
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem !== undefined) this.#services.log.warn(`tokens: ${problem}`);
    this.#problems.fire();
  }

  #tellMenus(): void {
    const document = vscode.window.activeTextEditor?.document;
    const shown = document !== undefined && this.#shown.has(document);
    this.#contexts.set('tokensShown', shown);
    if (shown && !this.#seen) this.#services.walkthrough.done('tokenize');
    this.#seen = shown;
  }

  dispose(): void {
    this.#subscriptions.dispose();
    for (const painter of this.#painters.values()) painter.dispose();
  }
}
