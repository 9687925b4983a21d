/**
 * The tokenizer explorer: one panel, opened again as it was when the window is. The page keeps what a
 * person did in it; here its questions are answered.
 */
import * as vscode from 'vscode';
import { AsyncQueue } from '../../base/asyncQueue';
import { GlassboxError } from '../../base/errors';
import type * as Surface from '../../protocol/tokenizerSurface';
import type { Answerer } from '../../protocol/rpc';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { onDidChangeSetting } from '../settings';
import { pageOf, webviewOptions } from '../webviews/page';
import type { PageOptions } from '../webviews/page';
import { tokenizerOf } from './mirroredDocuments';
import { BUILTIN_TOKENIZERS } from './tokenizerNames';

const VIEW = 'glassbox.tokenizerExplorer';

export function registerTokenizerExplorer(services: Services): vscode.Disposable {
  const explorer = new TokenizerExplorer(services);
  return vscode.Disposable.from(
    explorer,
    registerCommand(services.log, 'glassbox.openTokenizerExplorer', () => explorer.open()),
    vscode.window.registerWebviewPanelSerializer(VIEW, {
      deserializeWebviewPanel: (panel) => explorer.adopt(panel, undefined),
    }),
  );
}

class TokenizerExplorer implements vscode.Disposable {
  readonly #services: Services;
  readonly #page: PageOptions;
  #panel: vscode.WebviewPanel | undefined;
  /** What was selected when a person opened the explorer: told to the page once. */
  #text: string | undefined;
  readonly #opened = new vscode.EventEmitter<string>();
  #documents = 0;

  constructor(services: Services) {
    this.#services = services;
    this.#page = {
      extensionUri: services.context.extensionUri,
      surface: 'tokenizer',
      title: vscode.l10n.t('Tokenizer Explorer'),
    };
  }

  async open(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const selected = editor?.document.getText(editor.selection) ?? '';
    if (this.#panel) {
      this.#panel.reveal();
      this.#opened.fire(selected);
      return;
    }
    const { title } = this.#page;
    const panel = vscode.window.createWebviewPanel(VIEW, title, vscode.ViewColumn.Active);
    await this.adopt(panel, selected);
  }

  async adopt(panel: vscode.WebviewPanel, selected: string | undefined): Promise<void> {
    // What a page may ask, and the connection to it, are needed with the first page only.
    const [surface, { answerWebview }] = await Promise.all([
      import('../../protocol/tokenizerSurface'),
      import('../webviews/webviewConnection'),
    ]);
    this.#panel?.dispose();
    this.#panel = panel;
    this.#text = selected;
    const { extensionUri } = this.#page;
    panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'glassbox.svg');
    panel.webview.options = webviewOptions(this.#page);
    const answering = answerWebview(panel.webview, (answer) => this.#answer(answer, surface));
    panel.onDidDispose(() => {
      answering.dispose();
      if (this.#panel === panel) this.#panel = undefined;
    });
    panel.webview.html = pageOf(panel.webview, this.#page);
  }

  dispose(): void {
    this.#opened.dispose();
  }

  #answer(answer: Answerer, { tokenizerSurface: surface, LONGEST_TEXT }: typeof Surface): void {
    const { engine } = this.#services;
    answer.stream(surface.state, (_, signal) => this.#states(signal, LONGEST_TEXT));
    answer.call(surface.cut, async ({ tokenizer, text }, signal) => {
      const methods = await this.#engineFor(tokenizer);
      const request = { tokenizer, text, special: 'text' as const, offsets: true };
      const { ids, offsets = [] } = await methods.encode(request, signal);
      return offsets.map(({ utf16: [start, end], partial }, index) => {
        return { id: ids[index]!, start, end, partial };
      });
    });
    answer.call(surface.explain, async ({ tokenizer, text, position }, signal) => {
      const methods = await this.#engineFor(tokenizer);
      const document = `${VIEW}#${this.#documents++}`;
      await methods.openDocument({ document, tokenizer }, signal);
      try {
        const changes = [{ start: 0, end: 0, text }];
        await methods.editDocument({ document, version: 1, changes }, signal);
        return await methods.explainToken({ document, position, others: [] }, signal);
      } finally {
        await methods.closeDocument({ document }, new AbortController().signal);
      }
    });
    answer.call(surface.vocabulary, async (request, signal) => {
      const methods = await this.#engineFor(request.tokenizer);
      return methods.vocabulary(request, signal);
    });
    answer.call(surface.learnMerges, async (request, signal) =>
      (await engine.methods()).learnMerges(request, signal),
    );
  }

  /** A page may ask for what the catalog has, not for any file. */
  async #engineFor(tokenizer: string): ReturnType<Services['engine']['methods']> {
    const { tokenizers, engine } = this.#services;
    const known =
      BUILTIN_TOKENIZERS.has(tokenizer) ||
      (await tokenizers.ready()).some((each) => each.tokenizer === tokenizer) ||
      tokenizer === tokenizerOf(undefined);
    if (!known)
      throw new GlassboxError('tokenizer-unknown', `${tokenizer} is not a tokenizer known here.`, {
        remedy: 'Choose another one in the list.',
      });
    return engine.methods();
  }

  async *#states(signal: AbortSignal, longest: number): AsyncGenerator<Surface.ExplorerState> {
    const { tokenizers } = this.#services;
    // Each with the text that a person brought along, if they did.
    const changes = new AsyncQueue<string | undefined>();
    const changed = (): void => changes.push(undefined);
    const end = (): void => changes.end();
    const subscriptions = vscode.Disposable.from(
      tokenizers.onDidChange(changed),
      onDidChangeSetting('tokens.tokenizer', changed),
      this.#opened.event((text) => changes.push(text)),
    );
    signal.addEventListener('abort', end);
    try {
      changes.push(this.#text);
      this.#text = undefined;
      void tokenizers.ready().catch(() => undefined);
      for await (const text of changes) {
        yield {
          tokenizers: [...tokenizers.list()],
          chosen: tokenizerOf(undefined),
          ...(text ? { text: text.slice(0, longest) } : {}),
        };
      }
    } finally {
      signal.removeEventListener('abort', end);
      subscriptions.dispose();
    }
  }
}
