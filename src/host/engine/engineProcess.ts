/**
 * The engine's process as the extension host sees it, without VS Code: started at first need, checked
 * for its version, its death told once with what is known about it. After a death the next request
 * starts another process.
 *
 * A process that ends in order checkpoints its runs first, on its own time: nobody here waits for it
 * longer than VS Code lets an extension wait.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { GlassboxError, messageOf } from '../../base/errors';
import { systemCodeOf } from '../../base/files';
import { connect } from '../../protocol/engineConnection';
import type { Handlers } from '../../protocol/protocol';
import { checkVersion } from '../../protocol/rpc';

export interface EngineProcessOptions {
  /** The built `engine.js`. */
  readonly file: string;
  readonly node: string;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  /** A line that the engine wrote to its standard error. */
  readonly onLine: (line: string) => void;
  /** It ended, once it had started, although nobody asked it to. */
  readonly onCrash: (error: GlassboxError) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly methods: Promise<Handlers>;
  /** Fails whatever is pending, and every request after it. */
  readonly end: (error: GlassboxError) => void;
}

export class EngineProcess {
  readonly #options: () => EngineProcessOptions;
  #running: Running | undefined;
  #disposed = false;

  /** @param options asked anew at each start. */
  constructor(options: () => EngineProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /**
   * The engine's methods; starts it where it isn't running.
   *
   * @throws GlassboxError `engine-start` where it can't be started, `protocol-version`
   */
  methods(): Promise<Handlers> {
    if (this.#disposed) return Promise.reject(stopped());
    this.#running ??= this.#start();
    return this.#running.methods;
  }

  /** Ends the process in order; what is pending fails, and the next request starts another one. */
  stop(): void {
    const running = this.#running;
    this.#running = undefined;
    // Its end is not told: once this side has let go of the channel, Node says nothing of it.
    running?.end(stopped());
    if (running?.child.connected) running.child.disconnect();
  }

  dispose(): void {
    this.#disposed = true;
    this.stop();
  }

  #start(): Running {
    const { file, node, env, folder, onLine, onCrash } = this.#options();
    const child = fork(file, [], {
      execPath: node,
      execArgv: [],
      env,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const last: string[] = [];
    for (const output of [child.stdout, child.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => {
        last.push(line);
        if (last.length > 20) last.shift();
        onLine(line);
      });
    }

    let death: GlassboxError | undefined;
    let hasStarted = false;
    const running = (): boolean => this.#running?.child === child;
    const connection = createMessageConnection(
      new IPCMessageReader(child),
      new IPCMessageWriter(child),
    );
    const methods = connect(connection, { what: 'engine', why: () => death });
    let failAsked: (error: GlassboxError) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => (failAsked = reject));
    const end = (error: GlassboxError): void => {
      if (death) return;
      death = error;
      const unasked = running();
      if (unasked) this.#running = undefined;
      connection.dispose();
      failAsked(error);
      // Whoever wanted it started is told by the request.
      if (unasked && hasStarted) onCrash(error);
    };
    child.once('error', (cause) => {
      const isMissing = systemCodeOf(cause) === 'ENOENT';
      const why = isMissing ? 'there is no such file' : messageOf(cause);
      end(notStarted(node, why, { cause }));
    });
    // Not `exit`: its last words may still be on their way then.
    child.once('close', (code, signal) => {
      const how = code === null ? `signal ${signal ?? 'unknown'}` : `code ${code}`;
      // Whatever killed it while it started, another Node would not help.
      const isNoEngine = !hasStarted && code !== null;
      end(isNoEngine ? notStarted(node, `it ended with ${how}`, { last }) : exited(how, last));
    });
    // Whoever asked is told by the request itself.
    ended.catch(() => undefined);
    const checked = Promise.race([checkVersion(connection), ended]).then(() => {
      hasStarted = true;
      return methods;
    });
    checked.catch(() => {
      if (running()) this.stop();
    });
    return { child, methods: checked, end };
  }
}

function stopped(): GlassboxError {
  return new GlassboxError('engine-ended', 'The engine has been stopped.', {
    remedy: 'It starts again at the next request.',
  });
}

function notStarted(
  node: string,
  why: string,
  { cause, last = [] }: { cause?: Error; last?: readonly string[] },
): GlassboxError {
  return new GlassboxError(
    'engine-start',
    `The Glassbox engine could not be started with ${node}: ${why}.`,
    {
      remedy:
        'Name a Node 20.19 or later in the setting glassbox.node.path, or empty that setting.',
      details: { lines: [...last] },
      cause,
    },
  );
}

function exited(how: string, last: readonly string[]): GlassboxError {
  return new GlassboxError('engine-exit', `The engine's process ended with ${how}.`, {
    remedy: "The engine's log tells more. A run goes on from its last checkpoint.",
    details: { lines: [...last] },
  });
}
