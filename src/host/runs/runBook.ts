/**
 * What is known of the runs: what the disk says, what this window's runs say on top, and what this
 * window remembers from one start of VS Code to the next. Pure bookkeeping: reads and starts nothing.
 */
import path from 'node:path';
import type { RunSummary } from '../../protocol/catalogMessages';
import type { LiveRun } from './liveRun';
import { isActive } from './runView';
import type { RunView } from './runView';

/**
 * What a window left a run in. `running` is found again where the window was closed in mid-run: the
 * engine ended it in order, and yet nobody meant it to end.
 */
export type Left = 'running' | 'paused';
export type Memory = Readonly<Record<string, Left>>;

/** What was kept, without what has another shape: a schema library would be loaded at each start. */
export function memoryOf(kept: unknown): Memory {
  if (typeof kept !== 'object' || kept === null) return {};
  const isLeft = (entry: [string, unknown]): entry is [string, Left] =>
    entry[1] === 'running' || entry[1] === 'paused';
  return Object.fromEntries(Object.entries(kept).filter(isLeft));
}

export class RunBook {
  #disk = new Map<string, RunSummary>();
  readonly #live = new Map<string, LiveRun>();
  #left: Map<string, Left>;

  constructor(memory: Memory) {
    this.#left = new Map(Object.entries(memory));
  }

  get memory(): Memory {
    return Object.fromEntries(this.#left);
  }

  /** Newest first. */
  list(): readonly RunView[] {
    const folders = new Set([...this.#live.keys(), ...this.#disk.keys()]);
    return [...folders]
      .map((folder) => this.get(folder)!)
      .sort((a, b) => b.started - a.started || (a.name < b.name ? -1 : 1));
  }

  get(folder: string): RunView | undefined {
    const summary = this.#disk.get(folder);
    const live = this.#live.get(folder);
    if (live)
      return {
        folder,
        name: path.basename(folder),
        checkpoints: summary?.checkpoints ?? [],
        started: summary?.started ?? live.started,
        updated: Date.now(),
        ...live.view(),
      };
    return summary && { ...summary, state: this.#stateOf(summary) };
  }

  #stateOf({ folder, state }: RunSummary): RunView['state'] {
    if (state === 'running') return 'elsewhere';
    if (state !== 'stopped') return state;
    const left = this.#left.get(folder);
    if (left === 'paused') return 'paused';
    return left === 'running' ? 'interrupted' : 'stopped';
  }

  liveRun(folder: string): LiveRun | undefined {
    return this.#live.get(folder);
  }

  /** Those of this window that are under way. */
  active(): readonly RunView[] {
    return this.list().filter(isActive);
  }

  read(summaries: readonly RunSummary[]): void {
    const before = this.#disk;
    this.#disk = new Map(summaries.map((summary) => [summary.folder, summary]));
    // One that goes on in another process is that one's to remember. A single step more may be the
    // last of an engine that ends with the window that was here before.
    for (const { folder, state, step } of summaries) {
      const seen = before.get(folder);
      const goesOn = state === 'running' && seen?.state === 'running' && step > seen.step + 1;
      if (goesOn && !this.#live.has(folder)) this.#left.delete(folder);
    }
    // A run that was deleted, or that ended otherwise, is nothing to remember.
    for (const folder of this.#left.keys()) {
      const state = this.#disk.get(folder)?.state;
      const over = state === undefined || state === 'finished' || state === 'failed';
      if (over && !this.#live.has(folder)) this.#left.delete(folder);
    }
  }

  begin(live: LiveRun): void {
    this.#live.set(live.folder, live);
  }

  /** It goes on whatever becomes of this window: what is found stopped later was cut off. */
  remember(folder: string, left: Left): void {
    this.#left.set(folder, left);
  }

  /**
   * A run of this window has ended. Until the disk is read again its last words stand for what is
   * there.
   */
  end(
    live: LiveRun,
    state: 'finished' | 'stopped' | 'interrupted' | 'failed',
    problem?: string,
  ): void {
    const { folder } = live;
    // What ended by its own word, or was followed by another run, ends no more.
    if (this.#live.get(folder) !== live) return;
    const view = this.get(folder);
    this.#live.delete(folder);
    // What never began has changed nothing.
    if (!live.begun || !view) return;
    if (state !== 'interrupted') this.#left.delete(folder);
    if (state === 'stopped' && live.pausing) this.#left.set(folder, 'paused');
    const { name, checkpoints, step, steps, tokens, loss, valLoss, started, updated } = view;
    this.#disk.set(folder, {
      ...{ folder, name, state, checkpoints, step, steps, tokens, started, updated },
      ...(loss === undefined ? {} : { loss }),
      ...(valLoss === undefined ? {} : { valLoss }),
      ...(problem === undefined ? {} : { problem }),
    });
  }

  forget(folder: string): void {
    this.#disk.delete(folder);
    this.#left.delete(folder);
  }
}
