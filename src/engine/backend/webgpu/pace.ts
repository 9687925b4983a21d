/**
 * How a run is cut into submissions. Where the GPU is fast, a run is one submission. Where it is slow
 * one must not take long: Windows resets a GPU that works for two seconds without a pause, and a screen
 * that the same GPU draws stands still meanwhile.
 *
 * What a command will take is first guessed, from its arithmetic and its bytes, for a very slow GPU.
 * The first run waits after each submission and so learns, from each for the next, how fast the GPU
 * is; later runs are cut by what was measured and wait for nothing. Cuts change no result: the commands
 * stay the same, in the same order.
 */
import type { Command } from './commands';

/** What the slowest GPU does in a millisecond. */
const SLOWEST = { multiplyAdds: 1e7, bytes: 1e7 } as const;

/** A GPU is believed to be so many times as fast as it was thought to be, at most, after one measurement. */
const LEAP = 8;
/** Milliseconds of the slowest GPU that say something of speed. */
const ENOUGH = 10;

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** One for each device: what its programs have shown of its speed. */
export class Speed {
  /** Measured milliseconds for a guessed one. */
  #factor = 1;

  get factor(): number {
    return this.#factor;
  }

  /** `guessed` is in milliseconds of the slowest GPU. */
  learn(guessed: number, measured: number): void {
    // Of less the time is mostly the way to the GPU and back.
    if (guessed < ENOUGH) return;
    this.#factor = Math.max(measured / guessed, this.#factor / LEAP);
  }
}

/** One for each program. */
export class Pace {
  /** Of each command: milliseconds of the slowest GPU; of this one, once a run has been measured. */
  readonly #times: Float64Array;
  readonly #speed: Speed;
  /** Milliseconds that a submission should take at most. */
  readonly #longest: number;
  readonly #measured: (Stretch & { readonly milliseconds: number })[] = [];
  #known = false;
  /** What the last runs took, against the first. */
  #factor = 1;

  constructor(commands: readonly Command[], speed: Speed, longest: number) {
    this.#times = Float64Array.from(commands, guess);
    this.#speed = speed;
    this.#longest = longest;
  }

  /** Whether a run has been measured: the next need not wait between its submissions. */
  get known(): boolean {
    return this.#known;
  }

  /** The submission that begins with command `from`: as many as should take no longer than allowed. */
  next(from: number): Stretch {
    const factor = this.#known ? this.#factor : this.#speed.factor;
    let to = from + 1;
    let time = this.#times[from]! * factor;
    while (to < this.#times.length) {
      time += this.#times[to]! * factor;
      if (time > this.#longest) break;
      to++;
    }
    return { from, to };
  }

  /** What a submission of the first run took. */
  measured({ from, to }: Stretch, milliseconds: number): void {
    this.#speed.learn(total(this.#times.subarray(from, to)), milliseconds);
    this.#measured.push({ from, to, milliseconds });
    if (to < this.#times.length) return;
    for (const each of this.#measured) {
      const times = this.#times.subarray(each.from, each.to);
      const scale = each.milliseconds / Math.max(total(times), Number.MIN_VALUE);
      times.forEach((time, index) => (times[index] = time * scale));
    }
    this.#known = true;
  }

  /** What a later run took in all: a GPU may get hot, or others may use it too. */
  took(milliseconds: number): void {
    const first = total(this.#times);
    if (first > 0) this.#factor = (this.#factor + milliseconds / first) / 2;
  }
}

const total = (times: Float64Array): number => times.reduce((sum, time) => sum + time, 0);

function guess(command: Command): number {
  if (command.kind === 'copy') return command.bytes / SLOWEST.bytes;
  return Math.max(command.work / SLOWEST.multiplyAdds, command.bytes / SLOWEST.bytes);
}
