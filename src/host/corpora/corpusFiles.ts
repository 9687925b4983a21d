/**
 * Documents of corpora as read-only files of a scheme of their own. What is said about one stands above
 * its text as a lens and in a hover, not in it: so its tokens are those that a model is trained on.
 */
import * as vscode from 'vscode';
import type { CorpusDocumentRequest, CorpusPage, Explanation } from '../../protocol/corpusMessages';
import { logError, registerCommand } from '../problems';
import type { Services } from '../services';
import { requireTrust } from '../workspace';
import type { Translate } from './corpusTexts';
import { showCuts } from './pageCuts';
import { CORPUS_SCHEME, namedBy, partsOf, type Named } from './corpusUri';

/** The texts that come through it are literals where they are written. */
const { l10n: translations } = vscode;
const translate: Translate = (message, ...values) => translations.t(message, ...values);
const never = new AbortController().signal;

export function corpusUri(named: Named, title: string): vscode.Uri {
  return vscode.Uri.from({ scheme: CORPUS_SCHEME, ...partsOf(named, title) });
}

export class CorpusFiles implements vscode.FileSystemProvider {
  readonly #engine: Services['engine'];
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #explanations = new Map<string, Promise<Explanation>>();
  readonly #pages = new Map<string, Promise<CorpusPage>>();

  constructor(engine: Services['engine']) {
    this.#engine = engine;
  }

  /** Asked of the engine once. */
  explanation(uri: vscode.Uri): Promise<Explanation> {
    const key = uri.toString();
    let found = this.#explanations.get(key);
    if (!found) {
      found = this.#ask(uri);
      this.#explanations.set(key, found);
      found.catch(() => this.#explanations.delete(key));
    }
    return found;
  }

  forget(uri: vscode.Uri): void {
    this.#explanations.delete(uri.toString());
    this.#pages.delete(uri.toString());
  }

  async #ask(uri: vscode.Uri): Promise<Explanation> {
    const place = await this.#place(uri);
    return (await this.#engine.methods()).corpusDocument(place, never);
  }

  async #place(uri: vscode.Uri): Promise<CorpusDocumentRequest> {
    requireTrust();
    const named = namedBy(uri.query);
    if (!named) throw vscode.FileSystemError.FileNotFound(uri);
    const { corpus, shard, line } = named;
    return Promise.resolve({ corpus, shard, line });
  }

  /** The lines of the page that the document was made of; asked of the engine once. */
  page(uri: vscode.Uri): Promise<CorpusPage> {
    const key = uri.toString();
    let found = this.#pages.get(key);
    if (!found) {
      found = this.#place(uri).then(async (place) =>
        (await this.#engine.methods()).corpusPage(place, never),
      );
      this.#pages.set(key, found);
      found.catch(() => this.#pages.delete(key));
    }
    return found;
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const text =
      namedBy(uri.query)?.kind === 'page'
        ? (await this.page(uri)).lines.map((line) => line.text).join('\n')
        : (await this.explanation(uri)).document.text;
    return new TextEncoder().encode(text);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { length } = await this.readFile(uri);
    const permissions = vscode.FilePermission.Readonly;
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: length, permissions };
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** The verdict above a document, with the ways to its page and to what it is a copy of; its values against their thresholds in a hover over the first line. */
export function registerCorpusFiles({
  engine,
  log,
}: Pick<Services, 'engine' | 'log'>): vscode.Disposable & { files: CorpusFiles } {
  const { languages, workspace } = vscode;
  const files = new CorpusFiles(engine);
  const selector: vscode.DocumentSelector = { scheme: CORPUS_SCHEME, pattern: '**/*.txt' };
  /** Nothing where it can't be had: whoever opened it was told. */
  const explained = (uri: vscode.Uri): Promise<Explanation | undefined> =>
    files.explanation(uri).catch((thrown: unknown) => {
      logError(log, thrown);
      return undefined;
    });
  const registered = vscode.Disposable.from(
    files,
    workspace.registerFileSystemProvider(CORPUS_SCHEME, files, { isReadonly: true }),
    workspace.onDidCloseTextDocument(({ uri }) => files.forget(uri)),
    languages.registerCodeLensProvider(selector, {
      async provideCodeLenses({ uri }) {
        const explanation = await explained(uri);
        if (!explanation) return [];
        const { verdictText } = await import('./corpusTexts');
        const dropped = explanation.document.drop !== undefined;
        const verdict = verdictText(explanation, translate);
        const top = new vscode.Range(0, 0, 0, 0);
        const command = 'glassbox.showMeasuredValues';
        const isPage = namedBy(uri.query)?.kind === 'page';
        const { l10n } = vscode;
        return [
          new vscode.CodeLens(top, {
            title: `${dropped ? '$(circle-slash)' : '$(pass)'} ${verdict}`,
            command,
          }),
          new vscode.CodeLens(top, { title: l10n.t('Show Measured Values'), command }),
          new vscode.CodeLens(top, {
            title: isPage ? l10n.t('Show What Is Left') : l10n.t('Show What Was Cut'),
            command: 'glassbox.showCorpusPage',
            arguments: [uri],
          }),
          ...(explanation.document.drop?.of === undefined
            ? []
            : [
                new vscode.CodeLens(top, {
                  title: l10n.t('Compare with the Original'),
                  command: 'glassbox.compareCopies',
                  arguments: [uri],
                }),
              ]),
        ];
      },
    }),
    languages.registerHoverProvider(selector, {
      async provideHover(document, { line }) {
        if (line > 0) return undefined;
        const explanation = await explained(document.uri);
        if (!explanation) return undefined;
        const { measuredText } = await import('./corpusTexts');
        const text = new vscode.MarkdownString(measuredText(explanation, translate));
        return new vscode.Hover(text, document.lineAt(0).range);
      },
    }),
    showCuts(files, log),
    registerCommand(log, 'glassbox.showCorpusPage', async (given) => {
      const { showPage } = await import('./openDocument');
      await showPage(files, uriIn(given));
    }),
    registerCommand(log, 'glassbox.compareCopies', async (given) => {
      const { compareCopies } = await import('./openDocument');
      await compareCopies(engine, uriIn(given));
    }),
    registerCommand(log, 'glassbox.showMeasuredValues', async () => {
      const editor = vscode.window.activeTextEditor;
      if (!editor) return;
      editor.selection = new vscode.Selection(0, 0, 0, 0);
      editor.revealRange(editor.selection);
      await vscode.commands.executeCommand('editor.action.showHover');
    }),
  );
  return Object.assign(registered, { files });
}

/** The document that a command was given, else the one in the active editor. */
function uriIn(given: unknown): vscode.Uri | undefined {
  return given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
}
