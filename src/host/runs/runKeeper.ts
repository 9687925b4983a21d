/**
 * The life of runs without VS Code: starts, resumes and stops them through the engine, and keeps the
 * book of what they are. A run ends in order when it is told to stop; when the engine dies it is cut
 * off, and can be resumed.
 */
import { GlassboxError, hasCode, messageOf } from '../../base/errors';
import type { TrainRequest } from '../../protocol/messages';
import type { Handlers } from '../../protocol/protocol';
import type { Recipe } from '../../recipe/run';
import { LiveRun } from './liveRun';
import { RunBook } from './runBook';
import type { Memory } from './runBook';
import { isExtendable, isResumable } from './runView';
import type { RunNews, RunView } from './runView';

export interface RunSurroundings {
  readonly methods: () => Promise<Pick<Handlers, 'runs' | 'train' | 'stopRun'>>;
  /** The folders that hold runs, absolute. */
  readonly folders: () => readonly string[];
  readonly memory: Memory;
  readonly onMemory: (memory: Memory) => void;
  /** Something is otherwise than before. */
  readonly onChange: () => void;
  readonly onNews: (news: RunNews) => void;
  /** A run that had begun ended by an error, the engine's own death apart. */
  readonly onFailure: (run: RunView, error: unknown) => void;
  /** The disk could not be read although nobody asked for it. */
  readonly onUnread: (error: unknown) => void;
}

export class RunKeeper {
  readonly #surroundings: RunSurroundings;
  readonly #book: RunBook;
  /** When each run of this window has ended. */
  readonly #ends = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #reading: Promise<void> | undefined;
  #again: Promise<void> | undefined;

  constructor(surroundings: RunSurroundings) {
    this.#surroundings = surroundings;
    this.#book = new RunBook(surroundings.memory);
  }

  list(): readonly RunView[] {
    return this.#book.list();
  }

  get(folder: string): RunView | undefined {
    return this.#book.get(folder);
  }

  active(): readonly RunView[] {
    return this.#book.active();
  }

  /** Looks at the disk; whoever asks while it is looked at is told of the look after. */
  refresh(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => (this.#reading = undefined));
      return this.#reading;
    }
    this.#again ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#again = undefined;
        return this.refresh();
      });
    return this.#again;
  }

  async #read(): Promise<void> {
    const folders = [...this.#surroundings.folders()];
    if (folders.length === 0) {
      this.#book.read([]);
    } else {
      const methods = await this.#surroundings.methods();
      this.#book.read(await methods.runs({ folders }, this.#closing.signal));
    }
    this.#changed();
  }

  /** As `refresh`, where nobody waits for it. */
  look(): void {
    this.refresh().catch((thrown: unknown) => {
      if (!this.#closing.signal.aborted) this.#surroundings.onUnread(thrown);
    });
  }

  /**
   * Fulfilled once the run has said its first word, or thrown what keeps it from beginning.
   *
   * @param folder the run's, absolute; not there yet.
   */
  start(recipe: Recipe, folder: string): Promise<void> {
    const { steps, epochs } = recipe.train;
    // What epochs come to shows when the text has been read.
    const live = new LiveRun(folder, undefined, epochs === undefined ? steps : 0);
    return this.#drive(live, { kind: 'new', recipe, out: folder });
  }

  /**
   * @param steps how many the run shall have in all, more than it was given: so one that is through
   * goes on too.
   */
  async resume(folder: string, steps?: number): Promise<void> {
    const run = this.#known(folder);
    if (run.state === 'elsewhere')
      throw new GlassboxError('run-busy', `"${run.name}" is under way in another process.`, {
        remedy: 'Stop it there, then resume it here.',
      });
    if (steps === undefined ? !isResumable(run) : !isExtendable(run))
      throw new GlassboxError('not-resumable', `"${run.name}" cannot be resumed now.`, {
        remedy: 'A run that is under way or at its last step has nothing to go on with.',
      });
    // It has said that it stopped; its stream, and its lock on the folder, end a moment later.
    await this.#ends.get(folder);
    const live = new LiveRun(folder, run, run.steps);
    const settings = steps === undefined ? [] : [`train.steps=${steps}`];
    await this.#drive(live, { kind: 'resume', folder, settings });
  }

  pause(folder: string): Promise<void> {
    return this.#end(folder, true);
  }

  stop(folder: string): Promise<void> {
    return this.#end(folder, false);
  }

  /** Forgets a run that nobody owns, after `remove` has taken it from the disk. */
  async delete(folder: string, remove: () => Promise<void>): Promise<void> {
    const run = this.#known(folder);
    if (this.#book.liveRun(folder) || run.state === 'elsewhere')
      throw new GlassboxError('run-busy', `"${run.name}" is under way.`, {
        remedy: 'Stop it first.',
      });
    await remove();
    this.#book.forget(folder);
    this.#changed();
  }

  /** Nothing is told any more; runs end with the engine, which checkpoints them. */
  dispose(): void {
    this.#closing.abort();
  }

  #known(folder: string): RunView {
    const run = this.#book.get(folder);
    if (run) return run;
    throw new GlassboxError('no-run', `There is no run in ${folder}.`, {
      remedy: 'It may have been deleted or renamed: refresh the list of runs.',
    });
  }

  #drive(live: LiveRun, request: TrainRequest): Promise<void> {
    if (this.#book.liveRun(live.folder))
      throw new GlassboxError('run-busy', `A run in ${live.folder} is under way already.`);
    this.#book.begin(live);
    this.#changed();
    return new Promise((resolve, reject) => {
      const ended = this.#follow(live, request, resolve)
        .then(
          () => resolve(),
          (thrown: unknown) => this.#failed(live, thrown, reject),
        )
        .finally(() => {
          this.#ends.delete(live.folder);
          this.#changed();
          this.look();
        });
      this.#ends.set(live.folder, ended);
    });
  }

  async #follow(live: LiveRun, request: TrainRequest, heard: () => void): Promise<void> {
    const { folder } = live;
    const methods = await this.#surroundings.methods();
    for await (const event of methods.train(request, live.signal)) {
      live.take(event);
      if (event.kind === 'start') this.#book.remember(folder, 'running');
      if (event.kind === 'done') this.#book.end(live, 'finished');
      if (event.kind === 'stopped') this.#book.end(live, 'stopped');
      if (this.#closing.signal.aborted) return;
      // A step's news changes numbers alone; the rest may change what the window keeps.
      if (event.kind === 'train') this.#surroundings.onChange();
      else this.#changed();
      if (event.kind === 'checkpoint') this.look();
      this.#surroundings.onNews({ folder, event });
      heard();
    }
  }

  #failed(live: LiveRun, thrown: unknown, tellStarter: (error: unknown) => void): void {
    const run = this.#book.get(live.folder);
    const cutOff = hasCode(thrown, 'engine-ended');
    const wasStopped = hasCode(thrown, 'cancelled');
    this.#book.end(
      live,
      cutOff ? 'interrupted' : wasStopped ? 'stopped' : 'failed',
      cutOff || wasStopped ? undefined : messageOf(thrown),
    );
    // Once it is under way its starter has been answered, and this does nothing more.
    tellStarter(thrown);
    if (run && live.heard && !cutOff && !wasStopped && !this.#closing.signal.aborted)
      this.#surroundings.onFailure(run, thrown);
  }

  async #end(folder: string, pausing: boolean): Promise<void> {
    const live = this.#book.liveRun(folder);
    const ended = this.#ends.get(folder);
    if (!live || !ended)
      throw new GlassboxError('not-running', `"${this.#known(folder).name}" is not running here.`, {
        remedy: 'Where another window runs it, stop it there.',
      });
    live.stopping();
    live.pausing = pausing;
    this.#changed();
    if (live.begun) {
      const methods = await this.#surroundings.methods();
      await methods.stopRun({ folder }, this.#closing.signal);
    } else {
      live.abort();
    }
    await ended;
  }

  #changed(): void {
    if (this.#closing.signal.aborted) return;
    this.#surroundings.onMemory(this.#book.memory);
    this.#surroundings.onChange();
  }
}
