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
import { fillTab } from '../webviews/page';
import type { PageOptions } from '../webviews/page';
import { tokenizerOf } from './mirroredDocuments';
import { BUILTIN_TOKENIZERS, tokenizerIn } from './tokenizerNames';

const VIEW = 'glassbox.tokenizerExplorer';

/** What a person brings along who opens the explorer. */
interface Brought {
  /** What is selected in the editor; may be empty. */
  readonly text: string;
  /** The one that was clicked in the tree. */
  readonly tokenizer: string | undefined;
}

export function registerTokenizerExplorer(services: Services): vscode.Disposable {
  const explorer = new TokenizerExplorer(services);
  return vscode.Disposable.from(
    explorer,
    registerCommand(services.log, 'glassbox.openTokenizerExplorer', (given) =>
      explorer.open(tokenizerIn(given)),
    ),
    vscode.window.registerWebviewPanelSerializer(VIEW, {
      deserializeWebviewPanel: (panel) => explorer.adopt(panel, undefined),
    }),
  );
}

class TokenizerExplorer implements vscode.Disposable {
  readonly #services: Services;
  readonly #page: PageOptions;
  #panel: vscode.WebviewPanel | undefined;
  /** Told to the page once. */
  #brought: Brought | undefined;
  readonly #opened = new vscode.EventEmitter<Brought>();
  #documents = 0;

  constructor(services: Services) {
    this.#services = services;
    this.#page = {
      extensionUri: services.context.extensionUri,
      surface: 'tokenizer',
      title: vscode.l10n.t('Tokenizer Explorer'),
    };
  }

  async open(tokenizer: string | undefined): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const text = editor?.document.getText(editor.selection) ?? '';
    if (this.#panel) {
      this.#panel.reveal();
      this.#opened.fire({ text, tokenizer });
      return;
    }
    const { title } = this.#page;
    const panel = vscode.window.createWebviewPanel(VIEW, title, vscode.ViewColumn.Active);
    await this.adopt(panel, { text, tokenizer });
  }

  async adopt(panel: vscode.WebviewPanel, brought: Brought | undefined): Promise<void> {
    // What a page may ask, and the connection to it, are needed with the first page only.
    const [surface, { answerWebview }] = await Promise.all([
      import('../../protocol/tokenizerSurface'),
      import('../webviews/webviewConnection'),
    ]);
    this.#panel?.dispose();
    this.#panel = panel;
    this.#brought = brought;
    const answering = answerWebview(panel.webview, (answer) => this.#answer(answer, surface));
    panel.onDidDispose(() => {
      answering.dispose();
      if (this.#panel === panel) this.#panel = undefined;
    });
    fillTab(panel, this.#page);
  }

  dispose(): void {
    this.#opened.dispose();
  }

  #answer(answer: Answerer, { tokenizerSurface: surface, LONGEST_TEXT }: typeof Surface): void {
    const { engine, walkthrough } = this.#services;
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
    answer.call(surface.learnMerges, async (request, signal) => {
      const learnt = await (await engine.methods()).learnMerges(request, signal);
      if (learnt.steps.length > 0) walkthrough.done('tokenizer');
      return learnt;
    });
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
    const changes = new AsyncQueue<Brought | undefined>();
    const changed = (): void => changes.push(undefined);
    const end = (): void => changes.end();
    const subscriptions = vscode.Disposable.from(
      tokenizers.onDidChange(changed),
      onDidChangeSetting('tokens.tokenizer', changed),
      this.#opened.event((brought) => changes.push(brought)),
    );
    signal.addEventListener('abort', end);
    try {
      changes.push(this.#brought);
      this.#brought = undefined;
      void tokenizers.ready().catch(() => undefined);
      for await (const brought of changes) {
        yield {
          tokenizers: [...tokenizers.list()],
          chosen: tokenizerOf(undefined),
          ...(brought?.text ? { text: brought.text.slice(0, longest) } : {}),
          ...(brought?.tokenizer === undefined ? {} : { opened: brought.tokenizer }),
        };
      }
    } finally {
      signal.removeEventListener('abort', end);
      subscriptions.dispose();
    }
  }
}
