/**
 * What is wrong with a dataset of conversations, underlined where it is: broken lines, roles out of
 * order, empty turns, special tokens in what is said, records that are too long for the context, and a
 * template that masks nothing or everything. The engine reads the file, in a worker of its own; what is
 * not yet saved it is given as text.
 *
 * Not covered: files that VS Code itself does not open as text (above 50 MB).
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { parseTurns } from '../../base/chatml';
import type { Turn } from '../../base/chatml';
import type { RenderRequest } from '../../protocol/chatMessages';
import { Contexts } from '../contexts';
import { logError } from '../problems';
import type { Services } from '../services';
import { workFolders } from '../workspace';
import { looksLikeDataset, mayBeDataset } from './datasetFiles';
import { placeOf } from './datasetText';
import type { Teachers } from './teacher';

/** Milliseconds without a keystroke before a dataset is looked at. */
const PAUSE = 700;
/** Problems that are shown of one file; nobody reads more. */
const MOST_PROBLEMS = 300;
/** Lines that tell whether a file is a dataset. */
const HEAD_LINES = 8;

interface Check {
  readonly abort: AbortController;
  readonly timer: NodeJS.Timeout;
}

/** A dataset in an editor, in a folder that is trusted: only there it is read. */
export function isDataset(document: vscode.TextDocument): boolean {
  const { uri } = document;
  if (uri.scheme !== 'file' || !mayBeDataset(uri.path) || workFolders().length === 0) return false;
  const last = Math.min(document.lineCount, HEAD_LINES);
  const head = Array.from({ length: last }, (_, at) => document.lineAt(at).text).join('\n');
  return looksLikeDataset(uri.path, head);
}

export class DatasetDiagnostics implements vscode.Disposable {
  readonly #services: Pick<Services, 'engine' | 'log'>;
  readonly #teachers: Teachers;
  readonly #collection = vscode.languages.createDiagnosticCollection('glassbox-datasets');
  readonly #checks = new Map<string, Check>();
  readonly #contexts = new Contexts();
  readonly #listening: vscode.Disposable;

  constructor(services: Pick<Services, 'engine' | 'log'>, teachers: Teachers) {
    this.#services = services;
    this.#teachers = teachers;
    const { window, workspace } = vscode;
    const all = (): void => {
      for (const document of workspace.textDocuments) this.#later(document, 0);
      this.#tell();
    };
    this.#listening = vscode.Disposable.from(
      workspace.onDidOpenTextDocument((document) => this.#later(document, 0)),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#later(document, PAUSE);
      }),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      workspace.onDidGrantWorkspaceTrust(all),
      window.onDidChangeActiveTextEditor(() => this.#tell()),
      teachers.onDidChange(all),
    );
    all();
  }

  dispose(): void {
    for (const check of this.#checks.values()) end(check);
    this.#listening.dispose();
    this.#collection.dispose();
  }

  /** Whether the active editor shows one. */
  #tell(): void {
    const document = vscode.window.activeTextEditor?.document;
    this.#contexts.set('datasetShown', document !== undefined && isDataset(document));
  }

  #later(document: vscode.TextDocument, milliseconds: number): void {
    if (!mayBeDataset(document.uri.path)) return;
    const key = document.uri.toString();
    const before = this.#checks.get(key);
    if (before) end(before);
    if (!isDataset(document)) {
      this.#collection.delete(document.uri);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      this.#check(document, abort).catch((thrown: unknown) => {
        if (!abort.signal.aborted) logError(this.#services.log, thrown);
      });
    }, milliseconds);
    this.#checks.set(key, { abort, timer });
  }

  async #check(document: vscode.TextDocument, abort: AbortController): Promise<void> {
    const { version, uri } = document;
    const { renderConversations } = await this.#services.engine.methods();
    if (abort.signal.aborted) return;
    const request = {
      ...this.#teachers.request,
      source: sourceOf(document),
      problemsOnly: true,
    };
    const found: vscode.Diagnostic[] = [];
    let parsed: readonly Turn[] | undefined;
    for await (const event of renderConversations(request, abort.signal)) {
      if (event.kind === 'done') break;
      for (const problem of event.problems) {
        if (document.version !== version || document.isClosed) return;
        const lineAt = (line: number): string =>
          line < document.lineCount ? document.lineAt(line).text : '';
        const turns = (): readonly Turn[] => (parsed ??= parseTurns(document.getText()));
        const place = placeOf(uri.path, event.line - 1, problem, lineAt, turns);
        const range = new vscode.Range(place.line, place.start, place.line, place.end);
        const { Error, Warning } = vscode.DiagnosticSeverity;
        const severity = problem.severity === 'error' ? Error : Warning;
        const diagnostic = new vscode.Diagnostic(range, problem.message, severity);
        diagnostic.source = 'Glassbox';
        diagnostic.code = problem.code;
        found.push(diagnostic);
      }
      if (found.length >= MOST_PROBLEMS) break;
    }
    if (document.version === version && !document.isClosed) this.#collection.set(uri, found);
  }

  #forget({ uri }: vscode.TextDocument): void {
    const key = uri.toString();
    const check = this.#checks.get(key);
    if (check) end(check);
    this.#checks.delete(key);
    this.#collection.delete(uri);
  }
}

/** The file where it is as the editor shows it: the engine reads it faster than it is sent. */
export function sourceOf(document: vscode.TextDocument): RenderRequest['source'] {
  const { isDirty, uri } = document;
  if (!isDirty) return { paths: [uri.fsPath] };
  return { name: path.basename(uri.fsPath), text: document.getText() };
}

function end({ abort, timer }: Check): void {
  clearTimeout(timer);
  abort.abort();
}
