/**
 * What is known of a run's course: its steps, its measurements and what it wrote, from its files and
 * from what it says while it runs. The same record may come both ways: one that is not behind the
 * last of its kind is passed over. A run that goes on from a checkpoint takes back what came after it.
 */
import type { TrainEvent } from '../../src/protocol/messages';
import { Columns, countUpTo } from './columns';

export interface Sample {
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

/** What the charts' horizontal axis can show. */
export type Axis = 'step' | 'tokens' | 'seconds';

/** JSON has no NaN: records that could not be measured have null. */
const numberOf = (measured: number | null): number => measured ?? NaN;

export class RunRecords {
  readonly steps = new Columns({
    step: new Float64Array(),
    tokens: new Float64Array(),
    /** Spent in steps since the run's first, pauses and measurements left out. */
    seconds: new Float64Array(),
    loss: new Float64Array(),
    lr: new Float64Array(),
    gradNorm: new Float64Array(),
    /** NaN where losses aren't scaled, as with f32. */
    lossScale: new Float64Array(),
    tokensPerSecond: new Float64Array(),
  });
  readonly measurements = new Columns({
    step: new Float64Array(),
    tokens: new Float64Array(),
    seconds: new Float64Array(),
    valLoss: new Float64Array(),
    bitsPerByte: new Float64Array(),
  });
  readonly samples: Sample[] = [];
  /** Counts the times that records were taken back: what was computed from them is worth nothing then. */
  cuts = 0;

  /** Takes a line of metrics.jsonl or samples.jsonl, or an event of a run that goes on. */
  add(event: TrainEvent): void {
    if (event.kind === 'train') this.#addStep(event);
    else if (event.kind === 'eval') this.#addMeasurement(event);
    else if (event.kind === 'sample') this.#addSample(event);
    else if (event.kind === 'start') this.#takeBack(event.resumedFrom ?? 0);
  }

  #addStep(event: Extract<TrainEvent, { kind: 'train' }>): void {
    if (event.step <= (this.steps.last('step') ?? -1)) return;
    this.steps.push({
      step: event.step,
      tokens: event.tokens,
      seconds: (this.steps.last('seconds') ?? 0) + event.stepMs / 1000,
      loss: numberOf(event.loss),
      lr: event.lr,
      gradNorm: numberOf(event.gradNorm),
      lossScale: event.lossScale ?? NaN,
      tokensPerSecond: event.tokensPerSecond,
    });
  }

  #addMeasurement(event: Extract<TrainEvent, { kind: 'eval' }>): void {
    if (event.step <= (this.measurements.last('step') ?? -1)) return;
    // It is of the weights that its step left: it lies where that step lies on every axis.
    const row = countUpTo(this.steps.get('step'), event.step) - 1;
    this.measurements.push({
      step: event.step,
      tokens: row < 0 ? 0 : this.steps.at('tokens', row)!,
      seconds: row < 0 ? 0 : this.steps.at('seconds', row)!,
      valLoss: numberOf(event.valLoss),
      bitsPerByte: numberOf(event.bitsPerByte),
    });
  }

  #addSample({ step, prompt, text }: Sample): void {
    const last = this.samples.at(-1)?.step ?? -1;
    if (step < last) return;
    const known = step === last && this.samplesOf(step).some((each) => each.prompt === prompt);
    if (!known) this.samples.push({ step, prompt, text });
  }

  /** Drops what is behind a step. */
  #takeBack(step: number): void {
    this.steps.cut(countUpTo(this.steps.get('step'), step));
    this.measurements.cut(countUpTo(this.measurements.get('step'), step));
    while ((this.samples.at(-1)?.step ?? -1) > step) this.samples.pop();
    this.cuts++;
  }

  /** What was written at the last sampled step up to `step`; one for each prompt. */
  samplesOf(step: number): readonly Sample[] {
    let newest = -1;
    for (const sample of this.samples)
      if (sample.step <= step && sample.step > newest) newest = sample.step;
    return this.samples.filter((sample) => sample.step === newest);
  }
}
