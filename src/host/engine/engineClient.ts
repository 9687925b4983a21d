/**
 * The engine as the extension's other rooms use it: `await engine.methods()` and ask. Joins the
 * process to VS Code: the settings that choose its Node, the log, the notice after a crash.
 */
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { GlassboxError } from '../../base/errors';
import type { Handlers } from '../../protocol/protocol';
import { settings } from '../settings';
import { workFolders } from '../workspace';
import type { EngineProcess, EngineProcessOptions } from './engineProcess';
import { cleanEnvironment, findNode } from './nodeBinary';

export class EngineClient implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  #process: EngineProcess | undefined;
  #disposed = false;
  readonly #crashed = new vscode.EventEmitter<GlassboxError>();
  /** The engine's process died; what it had under way failed with the same error as cause. */
  readonly onDidCrash = this.#crashed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
  }

  /** Throws what `EngineProcess.methods` throws. */
  async methods(): Promise<Handlers> {
    // The protocol's schemas are not needed before something is asked.
    const { EngineProcess } = await import('./engineProcess');
    this.#process ??= new EngineProcess(() => this.#options());
    if (this.#disposed) this.#process.dispose();
    return this.#process.methods();
  }

  /** Ends the process, with its runs checkpointed; the next request starts it with today's settings. */
  restart(): void {
    this.#process?.stop();
    this.#log.info('The engine was told to end; it starts again at the next request.');
  }

  dispose(): void {
    this.#disposed = true;
    this.#process?.dispose();
    this.#crashed.dispose();
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
      onLine: (line) => this.#log.warn(`engine: ${line}`),
      onCrash: (error) => this.#tell(error),
    };
  }

  #tell(error: GlassboxError): void {
    this.#log.error(error.message, error.details['lines'] ?? '');
    this.#crashed.fire(error);
  }
}
