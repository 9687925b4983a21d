/**
 * Squiggles in recipes for what no schema can see: files that aren't there, heads that don't divide
 * the width, a batch that will not fit; in those of corpora too. What the schema sees VS Code underlines by itself.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { RecipeProblem } from '../../protocol/catalogMessages';
import { logError } from '../problems';
import type { Services } from '../services';
import { recipeKindOf } from './recipeFiles';

/** Milliseconds without a keystroke before a recipe is looked at. */
const PAUSE = 300;

interface Check {
  readonly abort: AbortController;
  readonly timer: NodeJS.Timeout;
}

export class RecipeDiagnostics {
  readonly #engine: Services['engine'];
  readonly #log: vscode.LogOutputChannel;
  readonly #collection = vscode.languages.createDiagnosticCollection('glassbox');
  readonly #checks = new Map<string, Check>();
  readonly #listening: vscode.Disposable;

  constructor({ engine, log }: Pick<Services, 'engine' | 'log'>) {
    this.#engine = engine;
    this.#log = log;
    const { workspace } = vscode;
    const all = (): void => {
      for (const document of workspace.textDocuments) this.#later(document, 0);
    };
    this.#listening = vscode.Disposable.from(
      workspace.onDidOpenTextDocument((document) => this.#later(document, 0)),
      workspace.onDidChangeTextDocument(({ document }) => this.#later(document, PAUSE)),
      // A file that it names may be there by now.
      workspace.onDidSaveTextDocument((document) => this.#later(document, 0)),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      workspace.onDidGrantWorkspaceTrust(all),
    );
    all();
  }

  /** Every problem of the recipe, the schema's included, as it stands in the editor. */
  async problems(document: vscode.TextDocument, signal: AbortSignal): Promise<RecipeProblem[]> {
    const folder = path.dirname(document.uri.fsPath);
    const methods = await this.#engine.methods();
    const kind = recipeKindOf(document) ?? 'run';
    return methods.checkRecipe({ kind, text: document.getText(), folder }, signal);
  }

  dispose(): void {
    for (const check of this.#checks.values()) end(check);
    this.#listening.dispose();
    this.#collection.dispose();
  }

  #later(document: vscode.TextDocument, milliseconds: number): void {
    if (!recipeKindOf(document)) return;
    const key = document.uri.toString();
    const before = this.#checks.get(key);
    if (before) end(before);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      this.#check(document, abort.signal).catch((thrown: unknown) => {
        if (!abort.signal.aborted) logError(this.#log, thrown);
      });
    }, milliseconds);
    this.#checks.set(key, { abort, timer });
  }

  async #check(document: vscode.TextDocument, signal: AbortSignal): Promise<void> {
    const text = document.getText();
    const [problems, { spanOf, unseenBySchema }] = await Promise.all([
      this.problems(document, signal),
      import('./recipeText'),
    ]);
    if (signal.aborted) return;
    const { Error, Warning } = vscode.DiagnosticSeverity;
    const diagnostics = unseenBySchema(text, problems, recipeKindOf(document)).map((problem) => {
      const { start, end } = spanOf(text, problem.path);
      const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
      const severity = problem.severity === 'error' ? Error : Warning;
      const diagnostic = new vscode.Diagnostic(range, problem.message, severity);
      diagnostic.source = 'Glassbox';
      return diagnostic;
    });
    this.#collection.set(document.uri, diagnostics);
  }

  #forget({ uri }: vscode.TextDocument): void {
    const key = uri.toString();
    const check = this.#checks.get(key);
    if (check) end(check);
    this.#checks.delete(key);
    this.#collection.delete(uri);
  }
}

function end({ abort, timer }: Check): void {
  clearTimeout(timer);
  abort.abort();
}
