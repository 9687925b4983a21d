import type { Precision } from '../backend/backend';

/** What a run tells whoever watches it, in order. The keys' order is that of metrics.jsonl. */
export interface StartEvent {
  readonly kind: 'start';
  readonly run: string;
  readonly steps: number;
  readonly parameters: number;
  readonly tokens: number;
  readonly validationTokens: number;
  readonly vocab: number;
  readonly backend: string;
  readonly precision: Precision;
  readonly threads: number;
  /** Whether it is taught to answer: samples are answers, not texts that go on. */
  readonly answers: boolean;
  /** Bytes that the run takes where its backend has memory of its own. */
  readonly memory?: number;
  readonly resumedFrom?: number;
}

export interface StepEvent {
  readonly kind: 'train';
  readonly step: number;
  readonly tokens: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  /** Only where products are of half floats: what the loss was multiplied by for differentiation. */
  readonly lossScale?: number;
  readonly tokensPerSecond: number;
  readonly stepMs: number;
  readonly time: number;
}

export interface EvaluationEvent {
  readonly kind: 'eval';
  readonly step: number;
  /**
   * Mean negative log-likelihood of a held-out token, in nats: over the recipe's share of the text
   * on the way, over all of it at the run's last step.
   */
  readonly valLoss: number;
  readonly bitsPerByte: number;
}

export interface SampleEvent {
  readonly kind: 'sample';
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

export interface NoteEvent {
  readonly kind: 'note';
  readonly text: string;
}

/** How far a preparation is: `doing` says which, for people. */
export interface ProgressEvent {
  readonly kind: 'progress';
  readonly doing: string;
  readonly done: number;
  readonly total: number;
}

/** The end of a run that was told to stop; without a checkpoint where no step had been made. */
export interface StoppedEvent {
  readonly kind: 'stopped';
  readonly run: string;
  readonly step: number;
  readonly checkpoint?: string;
}

export type RunEvent =
  | StartEvent
  | StepEvent
  | EvaluationEvent
  | SampleEvent
  | NoteEvent
  | ProgressEvent
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'done'; readonly run: string; readonly checkpoint: string }
  | StoppedEvent;
