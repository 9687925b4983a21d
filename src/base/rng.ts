/**
 * Seeded random numbers whose state can be saved: xoshiro128** (Blackman and Vigna, "Scrambled
 * linear pseudorandom number generators", 2018), seeded through splitmix32. The same seed gives the
 * same stream on every machine. Not for cryptography.
 */
export type RngState = readonly [number, number, number, number];

/** splitmix32's step: 2^32 over the golden ratio, made odd. */
const GOLDEN = 0x9e3779b9;

/** splitmix32: a 32-bit number whose every bit depends on every bit of `x`; one to one. */
export function mix(x: number): number {
  let z = (x + GOLDEN) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

export class Rng {
  #state: Uint32Array;
  #spare: number | undefined;

  constructor(seed: number | RngState) {
    this.#state = new Uint32Array(4);
    if (typeof seed !== 'number') {
      this.#state.set(seed);
      return;
    }
    for (let i = 0; i < 4; i++) this.#state[i] = mix((seed >>> 0) + i * GOLDEN);
  }

  /** What a checkpoint keeps. A pending second normal is not part of it: draw normals in pairs. */
  get state(): RngState {
    const [a, b, c, d] = this.#state;
    return [a!, b!, c!, d!];
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const s = this.#state;
    const x = Math.imul(s[1]!, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** A uniform integer in [0, bound); `bound` at most 2^53. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
