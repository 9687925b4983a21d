/**
 * The engine as the extension's other rooms use it: `await engine.methods()` and ask. Joins the
 * process to VS Code: the settings that choose its Node, the log, the notice after a crash.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { hasCode } from '../../base/errors';
import type { GlassboxError } from '../../base/errors';
import { readLogLine } from '../../protocol/logLine';
import type { Handlers } from '../../protocol/protocol';
import { tellError } from '../problems';
import { onDidChangeSetting, settings } from '../settings';
import { workFolders } from '../workspace';
import type { EngineProcess, EngineProcessOptions } from './engineProcess';
import { cleanEnvironment, findNode } from './nodeBinary';

export class EngineClient implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  #process: EngineProcess | undefined;
  /** The Node that was told to be none: who asks in the background asks again and again. */
  #toldOf: string | undefined;
  #disposed = false;
  readonly #watching: vscode.Disposable;
  readonly #mended = new vscode.EventEmitter<void>();
  /** An engine that could not be started may start now: what stayed empty for want of one asks again. */
  readonly onDidMend = this.#mended.event;
  readonly #crashed = new vscode.EventEmitter<GlassboxError>();
  /** The engine's process died; what it had under way failed with the same error as cause. */
  readonly onDidCrash = this.#crashed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.#watching = onDidChangeSetting('node.path', () => this.#lookAgain());
  }

  /** Throws what `EngineProcess.methods` throws. */
  async methods(): Promise<Handlers> {
    // The protocol's schemas are not needed before something is asked.
    const { EngineProcess } = await import('./engineProcess');
    this.#process ??= new EngineProcess(() => this.#options());
    if (this.#disposed) this.#process.dispose();
    return this.#process.methods().catch((thrown: unknown) => {
      this.#tellOnce(thrown);
      throw thrown;
    });
  }

  /** Ends the process, with its runs checkpointed; the next request starts it with today's settings. */
  restart(): void {
    this.#process?.stop();
    this.#log.info('The engine was told to end; it starts again at the next request.');
  }

  dispose(): void {
    this.#disposed = true;
    this.#process?.dispose();
    this.#watching.dispose();
    this.#crashed.dispose();
    this.#mended.dispose();
  }

  #options(): EngineProcessOptions {
    const extensionFolder = this.#context.extensionUri.fsPath;
    const node = findNode({
      named: settings.nodePath(),
      extensionFolder,
      searchPath: process.env['PATH'] ?? '',
      platform: process.platform,
      editor: process.execPath,
    });
    this.#log.info(`Starting the engine with ${node.file} (${node.source}).`);
    return {
      file: vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'engine.js').fsPath,
      node: node.file,
      env: { ...cleanEnvironment(process.env), ...node.env },
      // Requests name absolute paths; this one is for those that a recipe of old may lack. A process
      // can't start in a folder that isn't there.
      folder:
        workFolders()
          .map(({ uri }) => uri.fsPath)
          .find((each) => existsSync(each)) ?? extensionFolder,
      onLine: (line) => {
        const { level, message } = readLogLine(line);
        this.#log[level](`engine: ${message}`);
      },
      onCrash: (error) => this.#tell(error),
    };
  }

  /** Trees and counts ask quietly: they alone would leave a person without a word. */
  #tellOnce(thrown: unknown): void {
    const node = settings.nodePath();
    if (!hasCode(thrown, 'engine-start') || node === this.#toldOf) return;
    this.#toldOf = node;
    void tellError(this.#log, thrown);
  }

  /** A path may be half typed yet; a bare name is looked for on the PATH by who starts it. */
  #lookAgain(): void {
    const node = settings.nodePath();
    const isMissing = path.basename(node) !== node && !existsSync(node);
    if (this.#toldOf === undefined || isMissing) return;
    this.#toldOf = undefined;
    this.#mended.fire();
  }

  #tell(error: GlassboxError): void {
    this.#log.error(error.message, error.details['lines'] ?? '');
    this.#crashed.fire(error);
  }
}
