/** A run as the views show it: what the disk says, and what this window's engine says on top. */
import type { RunState, RunSummary } from '../../protocol/catalogMessages';
import type { TrainEvent } from '../../protocol/messages';

/**
 * `starting`: asked for, nothing computed yet. `stopping`: told to stop, its checkpoint not yet
 * written. `paused`: stopped by a person who means to go on. `elsewhere`: another process owns it.
 */
export type ViewedState =
  Exclude<RunState, 'running'> | 'starting' | 'running' | 'stopping' | 'paused' | 'elsewhere';

export interface RunView extends Omit<RunSummary, 'state'> {
  readonly state: ViewedState;
  /** What only a run of this window tells. */
  readonly live?: {
    /** What computes, as the engine names it. */
    readonly backend: string;
    /** In what its matrix products multiply. */
    readonly precision: string;
    readonly threads: number;
    readonly parameters: number;
    readonly tokensPerSecond: number;
    /** Until the last step, at the speed of the last steps. */
    readonly secondsLeft: number | undefined;
    /** Bytes of the GPU's memory, where it has one. */
    readonly memory: number | undefined;
    /** What it does before the first step. */
    readonly note: string | undefined;
  };
}

/** Something that a run of this window said. */
export interface RunNews {
  readonly folder: string;
  readonly event: TrainEvent;
}

/** Runs that ended before they were through, whoever or whatever ended them. */
const ENDED_EARLY: ReadonlySet<ViewedState> = new Set([
  'paused',
  'stopped',
  'interrupted',
  'failed',
]);

/** Steps may have been made after the last checkpoint: the checkpoint says where it would go on. */
export const isResumable = ({ state, checkpoints, steps }: RunView): boolean =>
  ENDED_EARLY.has(state) && (checkpoints.at(-1)?.step ?? 0) < steps;

/** Whether there is a checkpoint to go on from, with more steps than the run was given. */
export const isExtendable = ({ state, checkpoints }: RunView): boolean =>
  (state === 'finished' || ENDED_EARLY.has(state)) && checkpoints.length > 0;

export const isActive = ({ state }: RunView): boolean =>
  state === 'starting' || state === 'running' || state === 'stopping';
