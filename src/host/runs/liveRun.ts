/** A run of this window: what it has said so far, gathered from its events. Knows no files. */
import type { TrainEvent } from '../../protocol/messages';
import type { RunView } from './runView';

/** Steps over which the time left is reckoned: what one measurement takes is spread over them. */
const STEPS_WATCHED = 30;

export class LiveRun {
  readonly folder: string;
  readonly started = Date.now();
  readonly #abort = new AbortController();
  /** What was known of it when it was begun: where a resumed run stood. */
  readonly #before: Pick<RunView, 'step' | 'steps' | 'tokens' | 'loss' | 'valLoss'>;
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  /** It has said `start`: from then on the folder is a run. */
  #begun: Extract<TrainEvent, { kind: 'start' }> | undefined;
  #last: Extract<TrainEvent, { kind: 'train' }> | undefined;
  #valLoss: number | null | undefined;
  #note: string | undefined;
  /** When recent steps ended, the oldest first. */
  #steps: { readonly step: number; readonly time: number }[] = [];
  /** A person will go on with it: its end is a pause. */
  pausing = false;
  /** It has said something: whoever started it has been answered. */
  heard = false;

  constructor(folder: string, before: RunView | undefined, steps: number) {
    this.folder = folder;
    this.#before = before ?? { step: 0, steps, tokens: 0 };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get begun(): boolean {
    return this.#begun !== undefined;
  }

  /** What has not begun leaves nothing behind, and needs no checkpoint. */
  abort(): void {
    this.#abort.abort();
  }

  stopping(): void {
    this.#state = 'stopping';
  }

  take(event: TrainEvent): void {
    this.heard = true;
    switch (event.kind) {
      case 'start':
        this.#begun = event;
        if (this.#state === 'starting') this.#state = 'running';
        return;
      case 'train':
        this.#last = event;
        this.#note = undefined;
        this.#steps.push({ step: event.step, time: event.time });
        if (this.#steps.length > STEPS_WATCHED) this.#steps.shift();
        return;
      case 'eval':
        this.#valLoss = event.valLoss;
        return;
      case 'note':
        this.#note = event.text;
        return;
      case 'progress':
        this.#note = `${event.doing} ${event.done}/${event.total}`;
        return;
      case 'sample':
      case 'checkpoint':
      case 'done':
      case 'stopped':
        return;
    }
  }

  /** What it says over what the disk says. */
  view(): Pick<RunView, 'state' | 'step' | 'steps' | 'tokens' | 'loss' | 'valLoss' | 'live'> {
    const { loss, valLoss, ...before } = this.#before;
    const last = this.#last;
    const measured = this.#valLoss ?? valLoss;
    const seen = last?.loss ?? loss;
    return {
      state: this.#state,
      step: last?.step ?? this.#begun?.resumedFrom ?? before.step,
      steps: this.#begun?.steps ?? before.steps,
      tokens: last?.tokens ?? before.tokens,
      ...(seen === undefined ? {} : { loss: seen }),
      ...(measured === undefined ? {} : { valLoss: measured }),
      live: {
        backend: this.#begun?.backend ?? '',
        precision: this.#begun?.precision ?? '',
        threads: this.#begun?.threads ?? 0,
        memory: this.#begun?.memory,
        parameters: this.#begun?.parameters ?? 0,
        tokensPerSecond: last?.tokensPerSecond ?? 0,
        secondsLeft: this.#secondsLeft(),
        note: this.#note,
      },
    };
  }

  #secondsLeft(): number | undefined {
    const last = this.#last;
    if (!last || !this.#begun) return undefined;
    const first = this.#steps[0]!;
    const stepMs =
      last.step > first.step ? (last.time - first.time) / (last.step - first.step) : last.stepMs;
    return ((this.#begun.steps - last.step) * stepMs) / 1000;
  }
}
