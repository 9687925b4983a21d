/**
 * What the commands ask of the engine, and the plain records that come back. The command line knows
 * nothing else of it: the service implements this, and so do the tests.
 *
 * Every path is absolute or relative to the current folder. Long work stops when its signal does,
 * and then throws `cancelled`.
 */
import type { Recipe } from '../../recipe/run';

export type BackendName = Recipe['runtime']['backend'];

export interface TrainStep {
  readonly kind: 'train';
  readonly step: number;
  /** Tokens trained on so far. */
  readonly tokens: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly stepMs: number;
  /** Unix milliseconds. */
  readonly time: number;
}

export type TrainEvent =
  | {
      readonly kind: 'start';
      /** The run's folder. */
      readonly run: string;
      readonly steps: number;
      readonly parameters: number;
      /** Tokens of the text, those held out not counted. */
      readonly tokens: number;
      readonly validationTokens?: number | undefined;
      readonly vocab?: number | undefined;
      readonly backend?: string | undefined;
      readonly threads?: number | undefined;
      /** The step that a resumed run goes on from. */
      readonly resumedFrom?: number | undefined;
    }
  | TrainStep
  | {
      readonly kind: 'eval';
      readonly step: number;
      readonly valLoss: number;
      readonly bitsPerByte: number;
    }
  | {
      readonly kind: 'sample';
      readonly step: number;
      readonly prompt: string;
      readonly text: string;
    }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'done'; readonly run: string; readonly checkpoint: string };

export type TrainRequest =
  | {
      readonly kind: 'new';
      readonly recipe: Recipe;
      /** The run's folder; one that is named after the run if absent. */
      readonly out: string | undefined;
    }
  | {
      readonly kind: 'resume';
      /** A run's folder, or that of one of its checkpoints. */
      readonly folder: string;
      /** `key=value`, applied to the recipe that the run was started with. */
      readonly settings: readonly string[];
      readonly out: string | undefined;
    };

export interface GenerateRequest {
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number | undefined;
  /** How many of the likeliest tokens to report with each token; 0 for none. */
  readonly topLogprobs: number;
  readonly backend: BackendName;
}

export interface TokenProbability {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
}

export type GenerateEvent =
  /**
   * `text` is what the token adds to the text: nothing while a character is incomplete. In `top` it is
   * each token's own text.
   */
  | (TokenProbability & { readonly kind: 'token'; readonly top: readonly TokenProbability[] })
  /** `text` is the whole continuation, decoded at once. */
  | { readonly kind: 'done'; readonly text: string };

export interface LogitsAnswer {
  /** What really computed. */
  readonly backend: string;
  readonly adapter: string;
  /** One for each token of the vocabulary, at the last position. */
  readonly logits: ArrayLike<number>;
}

export interface EvaluateAnswer {
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  readonly tokens: number;
}

export interface TokenizerTrainRequest {
  readonly data: readonly string[];
  readonly vocab: number;
  /** `gpt2`, `cl100k`, `o200k`, or a regular expression. */
  readonly pattern: string;
  /** The `tokenizer.json` to write. */
  readonly out: string;
}

export type TokenizerTrainEvent =
  | {
      readonly kind: 'progress';
      readonly doing: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: 'done'; readonly file: string; readonly vocab: number };

export interface EncodeRequest {
  /** A built-in name, a tokenizer.json, or a folder that holds one. */
  readonly tokenizer: string;
  readonly text: string;
  readonly special: 'text' | 'allow' | 'forbid';
  readonly offsets: boolean;
}

export interface TokenOffset {
  /** Half-open spans of the text. */
  readonly bytes: readonly [number, number];
  readonly utf16: readonly [number, number];
  /** The token begins or ends within a character. */
  readonly partial: boolean;
}

export interface EncodeAnswer {
  readonly ids: ArrayLike<number>;
  /** One for each id, if they were asked for. */
  readonly offsets: readonly TokenOffset[] | undefined;
}

export interface DeviceInfo {
  readonly backend: string;
  readonly adapter: string;
  readonly available: boolean;
  /** What it can do, or why it is not available. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Engine {
  train(request: TrainRequest, signal: AbortSignal): AsyncIterable<TrainEvent>;
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<GenerateEvent>;
  logits(
    request: { model: string; ids: readonly number[]; backend: BackendName },
    signal: AbortSignal,
  ): Promise<LogitsAnswer>;
  evaluate(
    request: { model: string; data: readonly string[]; backend: BackendName },
    signal: AbortSignal,
  ): Promise<EvaluateAnswer>;
  trainTokenizer(
    request: TokenizerTrainRequest,
    signal: AbortSignal,
  ): AsyncIterable<TokenizerTrainEvent>;
  encode(request: EncodeRequest, signal: AbortSignal): Promise<EncodeAnswer>;
  decode(
    request: { tokenizer: string; ids: readonly number[] },
    signal: AbortSignal,
  ): Promise<string>;
  devices(signal: AbortSignal): Promise<readonly DeviceInfo[]>;
  dispose(): Promise<void>;
}
