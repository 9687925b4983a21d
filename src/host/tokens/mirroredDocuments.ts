/**
 * The documents that the engine follows, each under the tokenizer that its settings name: opened when
 * something asks about one's tokens, closed with the document, or when nobody looks any more.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { EngineClient } from '../engine/engineClient';
import { settings } from '../settings';
import { DocumentMirror } from './documentMirror';
import type { TextSource } from './documentMirror';
import { DEFAULT_TOKENIZER, resolveTokenizer } from './tokenizerNames';

export class MirroredDocuments implements vscode.Disposable {
  readonly #engine: EngineClient;
  readonly #mirrors = new Map<vscode.TextDocument, DocumentMirror>();
  readonly #changed = new vscode.EventEmitter<vscode.TextDocument>();
  readonly #subscriptions: vscode.Disposable;
  #names = 0;

  /** A document whose tokens are followed has another text, which the engine was already told. */
  readonly onDidChange = this.#changed.event;

  constructor(engine: EngineClient) {
    this.#engine = engine;
    this.#subscriptions = vscode.Disposable.from(
      this.#changed,
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const mirror = this.#mirrors.get(document);
        if (!mirror || contentChanges.length === 0) return;
        mirror.change(contentChanges);
        this.#changed.fire(document);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.release(document)),
    );
  }

  get(document: vscode.TextDocument): DocumentMirror {
    const tokenizer = tokenizerOf(document.uri);
    const known = this.#mirrors.get(document);
    if (known?.tokenizer === tokenizer) return known;
    known?.dispose();
    const mirror = new DocumentMirror({
      name: `${document.uri.toString()}#${this.#names++}`,
      tokenizer,
      source: new DocumentText(document),
      engine: () => this.#engine.methods(),
    });
    this.#mirrors.set(document, mirror);
    return mirror;
  }

  /** The engine forgets the document; who asks about it again has it sent again. */
  release(document: vscode.TextDocument): void {
    this.#mirrors.get(document)?.dispose();
    this.#mirrors.delete(document);
  }

  /** Releases all that `needed` doesn't hold. */
  keepOnly(needed: ReadonlySet<vscode.TextDocument>): void {
    for (const document of [...this.#mirrors.keys()])
      if (!needed.has(document)) this.release(document);
  }

  dispose(): void {
    this.keepOnly(new Set());
    this.#subscriptions.dispose();
  }
}

/** The folder on the disk that a document's settings start from. */
export function folderOf(uri: vscode.Uri | undefined): string | undefined {
  const { workspaceFolders, getWorkspaceFolder } = vscode.workspace;
  const folder = (uri && getWorkspaceFolder(uri)) ?? workspaceFolders?.[0];
  return folder?.uri.scheme === 'file' ? path.normalize(folder.uri.fsPath) : undefined;
}

/** What the engine takes for the name in a setting; undefined where it can't be had here. */
export function resolveHere(name: string, uri: vscode.Uri | undefined): string | undefined {
  return resolveTokenizer(name, { trusted: vscode.workspace.isTrusted, folder: folderOf(uri) });
}

/** The tokenizer that the settings choose for a document. */
export function tokenizerOf(uri: vscode.Uri | undefined): string {
  return resolveHere(settings.tokenizer(uri), uri) ?? DEFAULT_TOKENIZER;
}

class DocumentText implements TextSource {
  readonly #document: vscode.TextDocument;

  constructor(document: vscode.TextDocument) {
    this.#document = document;
  }

  length(): number {
    const document = this.#document;
    return document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
  }

  slice(start: number, limit: number): string {
    const document = this.#document;
    const range = new vscode.Range(document.positionAt(start), document.positionAt(start + limit));
    return document.getText(range);
  }
}
