/**
 * The status bar's count: the tokens of the file or the selection in front, and characters per token.
 * Asked anew when either changes, one question at a time.
 */
import * as vscode from 'vscode';
import { hasCode, messageOf } from '../../base/errors';
import type { EngineClient } from '../engine/engineClient';
import { onDidChangeSetting, settings } from '../settings';
import { Throttle } from '../runs/throttle';
import type { MirroredDocuments } from './mirroredDocuments';
import type { ShownDocuments } from './shownDocuments';
import { tokenizerLabel } from './tokenizerNames';
import type { TokenOverlay } from './tokenOverlay';

/** A count is read, not watched. */
const MILLISECONDS = 100;

export class TokenCount implements vscode.Disposable {
  readonly #documents: MirroredDocuments;
  readonly #shown: ShownDocuments;
  readonly #overlay: TokenOverlay;
  readonly #item: vscode.StatusBarItem;
  readonly #throttle = new Throttle(MILLISECONDS, () => this.#ask());
  readonly #subscriptions: vscode.Disposable;
  #working = false;
  #again = false;

  constructor(
    documents: MirroredDocuments,
    shown: ShownDocuments,
    overlay: TokenOverlay,
    engine: Pick<EngineClient, 'onDidMend'>,
  ) {
    this.#documents = documents;
    this.#shown = shown;
    this.#overlay = overlay;
    const { window, workspace, StatusBarAlignment } = vscode;
    this.#item = window.createStatusBarItem('glassbox.tokens', StatusBarAlignment.Right, 99);
    this.#item.name = vscode.l10n.t('Glassbox: Tokens');
    this.#item.command = 'glassbox.chooseTokenizer';
    const ask = (): void => this.#throttle.ask();
    const inFront = (document: vscode.TextDocument | undefined): boolean =>
      document !== undefined && document === window.activeTextEditor?.document;
    this.#subscriptions = vscode.Disposable.from(
      this.#item,
      window.onDidChangeActiveTextEditor(ask),
      window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (inFront(textEditor.document)) ask();
      }),
      documents.onDidChange((document) => {
        if (inFront(document)) ask();
      }),
      shown.onDidChange(ask),
      overlay.onDidChangeProblem(ask),
      onDidChangeSetting('tokens', ask),
      workspace.onDidGrantWorkspaceTrust(ask),
      engine.onDidMend(ask),
    );
    ask();
  }

  /** Whether the status bar needs the document, shown or not. */
  needs(document: vscode.TextDocument): boolean {
    if (document !== vscode.window.activeTextEditor?.document) return false;
    const when = settings.tokenStatusBar();
    return when === 'always' || (when === 'withOverlay' && this.#shown.has(document));
  }

  #ask(): void {
    this.#again = true;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#again) {
      this.#again = false;
      await this.#tell();
    }
    this.#working = false;
  }

  async #tell(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor || !this.needs(editor.document)) {
      this.#item.hide();
      return;
    }
    const { document } = editor;
    const mirror = this.#documents.get(document);
    const label = tokenizerLabel(mirror.tokenizer);
    const selected = editor.selections
      .filter(({ isEmpty }) => !isEmpty)
      .map(({ start, end }) => ({ start: document.offsetAt(start), end: document.offsetAt(end) }));
    try {
      const { tokens, characters } = await mirror.count(selected.length > 0 ? selected : undefined);
      this.#write(label, tokens, characters, selected.length > 0);
    } catch (thrown) {
      if (hasCode(thrown, 'cancelled')) return;
      this.#item.text = `$(warning) ${label}`;
      this.#item.tooltip = this.#overlay.problem ?? messageOf(thrown);
    }
    this.#item.show();
  }

  #write(label: string, tokens: number, characters: number, selection: boolean): void {
    const { t } = vscode.l10n;
    const number = new Intl.NumberFormat(vscode.env.language);
    const ratio = tokens === 0 ? undefined : (characters / tokens).toFixed(2);
    const counted = selection
      ? t('{0} tokens selected', number.format(tokens))
      : t('{0} tokens', number.format(tokens));
    const perToken = ratio === undefined ? '' : ` (${t('{0} chars/token', ratio)})`;
    this.#item.text = `$(symbol-string) ${counted}${perToken}`;
    this.#item.tooltip = t(
      '{0} characters make {1} tokens of {2}. Click to choose another tokenizer.',
      ...[number.format(characters), number.format(tokens), label],
    );
    this.#item.accessibilityInformation = {
      label: `${counted}${perToken}, ${label}`,
      role: 'button',
    };
  }

  dispose(): void {
    this.#throttle.dispose();
    this.#subscriptions.dispose();
  }
}
