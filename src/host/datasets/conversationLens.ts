/**
 * "Show as the Model Sees It": beside a dataset a read-only document with the conversation at the cursor
 * as its template writes it, painted by what is learnt of it. It follows the cursor and what is typed.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError, messageOf } from '../../base/errors';
import type { RenderEvent, RenderRequest } from '../../protocol/chatMessages';
import { logError } from '../problems';
import type { Services } from '../services';
import { visibleText } from '../../protocol/tokenText';
import { countText } from '../formats';
import { literal } from '../literal';
import { isDataset, sourceOf } from './datasetDiagnostics';
import { SeenColours } from './seenColours';
import { seenText, tokenAt } from './seenText';
import type { Kind, Rendered, SeenText } from './seenText';
import type { Teachers } from './teacher';

export const SEEN_SCHEME = 'glassbox-seen';

/** Characters of a conversation, as JSON: beyond them it would take long to follow the cursor. */
const LONGEST = 500_000;

/** Milliseconds from a move of the cursor, or a keystroke, until the conversation is written anew. */
const PAUSE = 150;

interface Shown {
  readonly uri: vscode.Uri;
  readonly source: vscode.TextDocument;
  text: string;
  seen: SeenText | undefined;
  /** Of the record: `line 12`. */
  place: string;
  rendered: Rendered | undefined;
  problems: readonly string[];
  timer: NodeJS.Timeout | undefined;
  abort: AbortController;
}

export class ConversationLens
  implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, vscode.HoverProvider
{
  readonly #services: Pick<Services, 'engine' | 'log'>;
  readonly #teachers: Teachers;
  readonly #colours = new SeenColours();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;
  /** By the source's URI. */
  readonly #shown = new Map<string, Shown>();
  readonly #listening: vscode.Disposable;

  constructor(services: Pick<Services, 'engine' | 'log'>, teachers: Teachers) {
    this.#services = services;
    this.#teachers = teachers;
    const { window, workspace, languages } = vscode;
    const documents = { scheme: SEEN_SCHEME };
    this.#listening = vscode.Disposable.from(
      this.#colours,
      this.#changed,
      this.#lensesChanged,
      workspace.registerTextDocumentContentProvider(SEEN_SCHEME, this),
      languages.registerCodeLensProvider(documents, this),
      languages.registerHoverProvider(documents, this),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#follow(textEditor.document)),
      window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.#paint(textEditor)),
      window.onDidChangeVisibleTextEditors((editors) =>
        editors.forEach((each) => this.#paint(each)),
      ),
      workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === SEEN_SCHEME) this.#paintAll(document);
        else this.#follow(document);
      }),
      workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === SEEN_SCHEME) this.#forget(uri);
      }),
      teachers.onDidChange(() => {
        for (const { source } of this.#shown.values()) this.#follow(source);
      }),
    );
  }

  dispose(): void {
    for (const each of this.#shown.values()) end(each);
    this.#listening.dispose();
  }

  async show(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor || !isDataset(editor.document)) throw noDataset();
    const source = editor.document;
    const key = source.uri.toString();
    const shown = this.#shown.get(key) ?? newShown(source);
    this.#shown.set(key, shown);
    await this.#render(shown);
    const document = await vscode.workspace.openTextDocument(shown.uri);
    await vscode.window.showTextDocument(document, {
      ...{ viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: false },
    });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#of(uri)?.text ?? vscode.l10n.t('Open the dataset, and show it again.');
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const shown = this.#of(document.uri);
    if (!shown) return [];
    const { l10n } = vscode;
    const range = new vscode.Range(0, 0, 0, 0);
    const choose = 'glassbox.chooseTeacher';
    const lens = (title: string, command = ''): vscode.CodeLens =>
      new vscode.CodeLens(range, { title, command });
    const { rendered, place, problems } = shown;
    const lenses = place === '' ? [] : [lens(place)];
    if (rendered) {
      const { ids, mask } = rendered;
      const learnt = mask.reduce((sum, each) => sum + each, 0);
      const share = Math.round((100 * learnt) / Math.max(1, ids.length));
      lenses.push(lens(l10n.t('{0} tokens, {1} learnt ({2}%)', ids.length, learnt, share)));
    }
    lenses.push(lens(`$(edit) ${this.#teachers.text}`, choose));
    for (const problem of problems) lenses.push(lens(`$(warning) ${problem}`));
    return lenses;
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const seen = this.#of(document.uri)?.seen;
    const token = seen && tokenAt(seen, document.offsetAt(position));
    if (!token) return undefined;
    const range = new vscode.Range(
      document.positionAt(token.start),
      document.positionAt(token.end),
    );
    const text = literal(visibleText(document.getText(range)));
    const about = new vscode.MarkdownString(
      `<code>${text}</code> &nbsp;·&nbsp; **${token.id}** &nbsp;·&nbsp; ${literal(meanings()[token.kind])}`,
    );
    about.supportHtml = true;
    return new vscode.Hover(about, range);
  }

  #of(uri: vscode.Uri): Shown | undefined {
    return this.#shown.get(uri.query);
  }

  #follow(document: vscode.TextDocument): void {
    const shown = this.#shown.get(document.uri.toString());
    if (!shown) return;
    clearTimeout(shown.timer);
    shown.timer = setTimeout(() => void this.#render(shown), PAUSE);
  }

  /** What can't be shown is said in the document's place. */
  async #render(shown: Shown): Promise<void> {
    shown.abort.abort();
    const { signal } = (shown.abort = new AbortController());
    const before = shown.text;
    try {
      const { renderConversations } = await this.#services.engine.methods();
      const { request, first } = this.#requestOf(shown.source);
      let found: Exclude<RenderEvent, { kind: 'done' }> | undefined;
      for await (const event of renderConversations(request, signal))
        if (event.kind !== 'done') found ??= event;
      if (signal.aborted) return;
      this.#take(shown, found, first);
    } catch (thrown) {
      if (signal.aborted) return;
      logError(this.#services.log, thrown);
      const remedy = thrown instanceof GlassboxError ? (thrown.remedy ?? '') : '';
      Object.assign(shown, { text: `${messageOf(thrown)} ${remedy}`.trim(), ...nothing });
    }
    if (shown.text !== before) this.#changed.fire(shown.uri);
    else for (const editor of vscode.window.visibleTextEditors) this.#paint(editor);
    this.#lensesChanged.fire();
  }

  #take(
    shown: Shown,
    found: Exclude<RenderEvent, { kind: 'done' }> | undefined,
    first: number,
  ): void {
    const { l10n } = vscode;
    const problems = found?.problems.map(({ message }) => message) ?? [];
    const rendered = found?.kind === 'conversation' ? found : undefined;
    const seen = rendered && seenText(rendered, names());
    const line = first + (found?.line ?? 1);
    const text = !found
      ? l10n.t('There is no conversation at the cursor.')
      : found.kind === 'long'
        ? l10n.t(
            'This conversation has {0} characters. Those of up to {1} are shown as a model sees them.',
            countText(found.characters),
            countText(LONGEST),
          )
        : problems.join('\n');
    Object.assign(shown, {
      ...{ rendered, seen, problems: rendered ? problems : [] },
      place: found ? l10n.t('line {0}', line) : '',
      text: seen?.text ?? text,
    });
  }

  /** Of JSON Lines the cursor's line is enough. */
  #requestOf(source: vscode.TextDocument): { request: RenderRequest; first: number } {
    const editor = vscode.window.visibleTextEditors.find(({ document }) => document === source);
    let line = editor?.selection.active.line ?? 0;
    const teacher = { ...this.#teachers.request, longest: LONGEST };
    if (!/\.jsonl$/i.test(source.uri.path))
      return { request: { ...teacher, source: sourceOf(source), line: line + 1 }, first: 0 };
    while (line > 0 && source.lineAt(line).isEmptyOrWhitespace) line--;
    const { text } = source.lineAt(Math.min(line, source.lineCount - 1));
    const one = { name: 'record.jsonl', text };
    return { request: { ...teacher, source: one, line: 1 }, first: line };
  }

  #paintAll(document: vscode.TextDocument): void {
    for (const editor of vscode.window.visibleTextEditors)
      if (editor.document === document) this.#paint(editor);
  }

  #paint(editor: vscode.TextEditor): void {
    const { document } = editor;
    if (document.uri.scheme !== SEEN_SCHEME) return;
    const seen = this.#of(document.uri)?.seen ?? NOT_SEEN;
    if (this.#colours.shows(editor, seen)) return;
    // The document may still have the text from before.
    if (seen === NOT_SEEN || document.getText() === seen.text) this.#colours.paint(editor, seen);
  }

  #forget(uri: vscode.Uri): void {
    const shown = this.#of(uri);
    if (shown) end(shown);
    this.#shown.delete(uri.query);
  }
}

const NOT_SEEN: SeenText = { text: '', legend: [], tokens: [] };
const nothing = { seen: undefined, rendered: undefined, problems: [] } as const;

function newShown(source: vscode.TextDocument): Shown {
  const name = path.basename(source.uri.path);
  const title = vscode.l10n.t('{0} as the model sees it', name);
  const uri = vscode.Uri.from({
    ...{ scheme: SEEN_SCHEME, path: `/${title}`, query: source.uri.toString() },
  });
  const state = { text: '', place: '', timer: undefined, abort: new AbortController() };
  return { uri, source, ...state, ...nothing };
}

function end({ timer, abort }: Shown): void {
  clearTimeout(timer);
  abort.abort();
}

function names(): Record<Kind, string> {
  const { l10n } = vscode;
  return {
    learnt: l10n.t('learnt'),
    seen: l10n.t('only seen'),
    template: l10n.t('template'),
  };
}

function meanings(): Record<Kind, string> {
  const { l10n } = vscode;
  return {
    learnt: l10n.t('learnt: the loss counts it'),
    seen: l10n.t('seen, not learnt: masked out of the loss'),
    template: l10n.t("the template's own, not learnt"),
  };
}

function noDataset(): GlassboxError {
  return new GlassboxError(
    'no-dataset',
    vscode.l10n.t('The active file is no dataset of conversations.'),
    { remedy: vscode.l10n.t('Open a .jsonl, .json or .chatml file of conversations.') },
  );
}
