/**
 * The steps of a run, the one loop for every stage: train, measure, write samples, keep checkpoints.
 *
 * Two promises. Stopped at any moment, it writes a checkpoint of the last finished step before it
 * ends: measuring and sampling are given up, what was learned is not. And a checkpoint can be gone on
 * from: only the step after it shows that, so until then the one before is kept too, and where the
 * numbers run away the run ends and names the last one from which they did not.
 */
import { GlassboxError, hasCode } from '../../base/errors';
import type { Recipe } from '../../recipe/run';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { atomicRemove } from '../../base/files';
import { prune, readBest, writeBest, writeCheckpoint } from './checkpoints';
import type { Best, Inherited, Position } from './checkpoints';
import type { EvaluationEvent, RunEvent } from './events';
import type { Observer } from './observer';
import type { RunFolder } from './runFolder';
import type { RunRecords } from './runRecords';
import type { Trainer } from './trainer';

export interface LoopParts {
  readonly recipe: Recipe;
  readonly run: RunFolder;
  readonly inherited: Inherited | undefined;
  readonly tokenizer: Tokenizer;
  readonly trainer: Trainer;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly begin: Position;
  /** The checkpoint that the parameters are of, if they are of one. */
  readonly checkpoint: string | undefined;
  readonly records: RunRecords;
}

/** What a measurement of some of the held-out text gave: `tokens` of it. */
type Measured = Best & { readonly bitsPerByte: number };

export class Loop {
  readonly #parts: LoopParts;
  readonly #steps: number;
  #step: number;
  #tokens: number;
  /** The newest checkpoint, and the step that it is of. */
  #last: string | undefined;
  #saved: number | undefined;
  /** The newest checkpoint after which a step has succeeded. */
  #proven: string | undefined;
  #best: Best | undefined;
  #measured: Measured | undefined;
  /** The newest measurement or sample was given up for a stop. */
  #cutShort = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#steps = parts.recipe.train.steps;
    this.#step = parts.begin.step;
    this.#tokens = parts.begin.tokens;
    this.#last = parts.checkpoint;
    this.#saved = parts.checkpoint === undefined ? undefined : parts.begin.step;
  }

  /** @throws GlassboxError `loss-not-finite`, or the file system's reason */
  async *run(): AsyncGenerator<RunEvent, void, void> {
    const { recipe, run, signal, records } = this.#parts;
    const { evalEvery, sampleEvery, checkpointEvery } = recipe.train;
    this.#best = await readBest(run.checkpoints);
    // Of the step that an earlier part was stopped at, what it had no time for.
    const resumed = this.#step > 0 && this.#step < this.#steps;
    if (resumed && this.#due(evalEvery) && !records.lastKinds.has('eval')) yield* this.#evaluate();
    const missed = resumed && this.#due(sampleEvery) && !records.lastKinds.has('sample');
    if (missed || this.#step === 0) yield* this.#samples();
    while (this.#step < this.#steps && !signal.aborted) {
      const before = this.#step;
      yield* this.#train();
      if (this.#step === before) break;
      if (this.#due(evalEvery)) yield* this.#evaluate();
      if (this.#due(sampleEvery)) yield* this.#samples();
      if (this.#due(checkpointEvery)) yield* this.#save();
      // A turn of the event loop, in which a message to stop can arrive.
      await new Promise(setImmediate);
    }
    if (this.#saved !== this.#step && this.#step > 0) yield* this.#save();
    const finished = this.#step === this.#steps && (yield* this.#conclude());
    const last = this.#last;
    if (!finished) {
      const checkpoint = last === undefined ? {} : { checkpoint: last };
      yield { kind: 'stopped', run: run.path, step: this.#step, ...checkpoint };
      return;
    }
    await this.#settle();
    if (last !== undefined) yield { kind: 'done', run: run.path, checkpoint: last };
  }

  #due(every: number): boolean {
    return this.#step === this.#steps || (every > 0 && this.#step % every === 0);
  }

  async *#train(): AsyncGenerator<RunEvent, void, void> {
    const { trainer, records, signal } = this.#parts;
    const started = performance.now();
    const made = await trainer.run(this.#step + 1, signal);
    if (!made) return;
    const { loss, lr, gradNorm, lossScale, overflows } = made;
    const stepMs = performance.now() - started;
    if (!Number.isFinite(loss)) throw await this.#diverged(`The loss is ${loss}`, this.#step + 1);
    if (!Number.isFinite(gradNorm))
      throw await this.#diverged(`The gradient's norm is ${gradNorm}`, this.#step + 1);
    await this.#settle();
    if (overflows.length > 0)
      yield {
        kind: 'note',
        text: `Step ${this.#step + 1} was made again: its gradient overflowed at a loss scale of ${overflows.join(', then ')}`,
      };
    this.#step += 1;
    this.#tokens += trainer.tokensPerStep;
    const event = {
      kind: 'train',
      step: this.#step,
      tokens: this.#tokens,
      loss,
      lr,
      gradNorm,
      ...(lossScale === undefined ? {} : { lossScale }),
      tokensPerSecond: (trainer.tokensPerStep / stepMs) * 1000,
      stepMs,
      time: Date.now(),
    } as const;
    records.add(event);
    yield event;
  }

  /** On the way; the last step's measurement is the conclusion, over all of the text. */
  async *#evaluate(): AsyncGenerator<RunEvent, void, void> {
    if (this.#step === this.#steps) return;
    const measured = await this.#measure('some');
    if (measured) yield this.#report(measured);
  }

  /** Gives whether it came to its end before the run was stopped. */
  async *#conclude(): AsyncGenerator<RunEvent, boolean, void> {
    const { observer, signal } = this.#parts;
    const known = observer.measuresAll ? this.#measuredHere() : undefined;
    // All of a long text takes its time.
    if (!observer.measuresAll && !signal.aborted)
      yield { kind: 'note', text: 'Measuring on all of the text held out' };
    const measured = known ? eventOf(known) : await this.#measure('all');
    if (measured) yield this.#report(measured);
    return known !== undefined || !this.#cutShort;
  }

  #measuredHere(): Measured | undefined {
    return this.#measured?.step === this.#step ? this.#measured : undefined;
  }

  /** Undefined where nothing was held out, and once the run is being stopped. */
  async #measure(howMuch: 'some' | 'all'): Promise<EvaluationEvent | undefined> {
    const { observer, signal } = this.#parts;
    const step = this.#step;
    const measured = await this.#unlessStopped(observer.measure(howMuch, signal));
    if (!measured) return undefined;
    const { loss: valLoss, bitsPerByte, tokens } = measured;
    const result = { step, valLoss, bitsPerByte, tokens };
    if (howMuch === 'some') this.#measured = result;
    return eventOf(result);
  }

  #report(event: EvaluationEvent): EvaluationEvent {
    this.#parts.records.add(event);
    return event;
  }

  async *#samples(): AsyncGenerator<RunEvent, void, void> {
    const { recipe, observer, records, signal } = this.#parts;
    if (recipe.train.sampleEvery === 0) return;
    const samples = observer.samples(this.#step, signal);
    for (;;) {
      const next = await this.#unlessStopped(samples.next());
      if (!next?.value) return;
      if (next.value.kind === 'sample') records.add(next.value);
      yield next.value;
    }
  }

  /** Measured first, so that the best can be told and nothing broken is kept. */
  async *#save(): AsyncGenerator<RunEvent, void, void> {
    const { run, records, inherited, tokenizer, trainer, observer } = this.#parts;
    const step = this.#step;
    const event = this.#measuredHere() ? undefined : await this.#measure('some');
    // The last step's line tells of all the text, and comes after the checkpoint.
    if (event && step !== this.#steps) yield this.#report(event);
    const measured = this.#measuredHere();
    records.sync();
    const folder = await this.#sound(async () => {
      if (!measured) await observer.probe(step);
      const { config, store, optimizerStates } = trainer;
      const position = {
        step,
        tokens: this.#tokens,
        ...(measured && { measured: bestOf(measured) }),
        ...(trainer.lossScale && { lossScale: trainer.lossScale }),
      };
      const base = this.#parts.recipe.model.from;
      const written = { config, inherited, tokenizer, store, optimizerStates, position, base };
      return writeCheckpoint(run.checkpoints, written);
    });
    this.#last = folder;
    this.#saved = step;
    yield { kind: 'checkpoint', step, path: folder };
  }

  /** The newest checkpoint has shown its worth: others may go, and it may be the best. */
  async #settle(): Promise<void> {
    if (this.#last === this.#proven) return;
    const { recipe, run, begin } = this.#parts;
    const measured = this.#measured?.step === this.#saved ? this.#measured : begin.measured;
    const counts = measured && measured.step === this.#saved;
    const best = this.#best;
    if (counts && (best?.tokens !== measured.tokens || measured.valLoss < best.valLoss)) {
      this.#best = bestOf(measured);
      await writeBest(run.checkpoints, this.#best);
    }
    await prune(run.checkpoints, recipe.train.keepCheckpoints, this.#best?.step);
    this.#proven = this.#last;
  }

  /** Undefined where the work ended because the run is being stopped. */
  async #unlessStopped<Result>(work: Promise<Result>): Promise<Result | undefined> {
    return this.#sound(async () => {
      this.#cutShort = false;
      try {
        return await work;
      } catch (thrown) {
        if (this.#parts.signal.aborted && hasCode(thrown, 'cancelled')) {
          this.#cutShort = true;
          return undefined;
        }
        throw thrown;
      }
    });
  }

  /** What finds the model broken ends the run as a loss that is not a number does. */
  async #sound<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      if (!hasCode(thrown, 'not-finite')) throw thrown;
      throw await this.#diverged('The model predicts nothing any more', this.#step, thrown);
    }
  }

  async #diverged(what: string, step: number, cause?: unknown): Promise<GlassboxError> {
    const { checkpoint: origin, begin } = this.#parts;
    // Made by this very run, and of no use: the numbers that ran away are in it.
    const broken =
      this.#last !== origin && this.#last !== this.#proven && this.#saved === this.#step;
    if (broken && this.#last !== undefined) await atomicRemove(this.#last);
    const checkpoint = broken ? this.#proven : this.#last;
    const atOnce = origin !== undefined && checkpoint === origin && step <= begin.step + 1;
    const kept =
      checkpoint === undefined
        ? 'No good checkpoint had been written yet.'
        : atOnce
          ? `The checkpoint that it went on from is as it was: ${checkpoint}`
          : `The last good checkpoint is kept: ${checkpoint}`;
    const halves = this.#parts.trainer.lossScale
      ? ' Half floats end at 65504: it may also go well with runtime.precision=f32.'
      : '';
    return new GlassboxError('loss-not-finite', `${what} at step ${step}. ${kept}`, {
      remedy: `Lower train.lr, lengthen train.warmup, or set train.gradientClip.${halves}`,
      details: { step, checkpoint },
      cause,
    });
  }
}

function eventOf({ step, valLoss, bitsPerByte }: Measured): EvaluationEvent {
  return { kind: 'eval', step, valLoss, bitsPerByte };
}

function bestOf({ step, valLoss, tokens }: Best): Best {
  return { step, valLoss, tokens };
}
