/**
 * MinHash signatures cut into bands (Broder, 1997; FineWeb, section 3.4). A text is the set of its
 * stretches of a few words. Under a random order of all stretches, two texts have the same first one
 * with a probability of their Jaccard similarity s; with h orders in a band and b bands, they agree in
 * some whole band with 1 - (1 - s^h)^b. Texts that do are near-duplicates.
 *
 * The orders are those of the 64-bit values that seeded hashes give a stretch's own 64-bit hash. A band
 * is kept as one key of 128 bits, a hash of its values.
 *
 * Not covered: datatrove's very values. Its orders are others, and so are a few of the pairs that lie
 * between dissimilar and alike.
 */
import xxhash from 'xxhash-wasm';
import { ownString } from '../../../base/ownString';
import { mix } from '../../../base/rng';

/** In bytes. */
export const KEY_BYTES = 16;

export interface MinHashSettings {
  readonly bands: number;
  readonly hashes: number;
  /** Words in a stretch. */
  readonly words: number;
}

/** The keys of a text's bands, one after the other; undefined for fewer words than a stretch has. */
export type BandKeys = (words: readonly string[]) => Uint8Array | undefined;

/** Texts repeat their words. Emptied when it is full. */
const MOST_KNOWN = 1 << 16;
const LONGEST_KNOWN = 64;

export async function openMinHash(settings: MinHashSettings): Promise<BandKeys> {
  const { bands, hashes, words: width } = settings;
  const xx = await xxhash();
  const total = bands * hashes;
  /** Multipliers and summands of each order: odd numbers that look random. */
  const [a, b, c, d] = [0, 1, 2, 3].map((which) =>
    Int32Array.from({ length: total }, (_, i) => mix(4 * i + which) | 1),
  ) as [Int32Array, Int32Array, Int32Array, Int32Array];

  const known = new Map<string, bigint>();
  function wordHash(word: string): bigint {
    let hash = known.get(word);
    if (hash === undefined) {
      hash = xx.h64(word);
      if (known.size >= MOST_KNOWN) known.clear();
      if (word.length < LONGEST_KNOWN) known.set(ownString(word), hash);
    }
    return hash;
  }

  /** The hashes of the stretches: halves of 64 bits, the lower first. */
  function stretches(words: readonly string[]): Int32Array {
    const ofWords = new Uint8Array(BigUint64Array.from(words, wordHash).buffer);
    const found = new BigUint64Array(words.length - width + 1);
    for (let i = 0; i < found.length; i++)
      found[i] = xx.h64Raw(ofWords.subarray(8 * i, 8 * (i + width)));
    return new Int32Array(found.buffer);
  }

  /** The least value under each order; halves of 64 bits, the upper first. */
  function minima(halves: Int32Array): Uint32Array {
    const least = new Uint32Array(2 * total);
    for (let h = 0; h < total; h++) {
      const [ah, bh, ch, dh] = [a[h]!, b[h]!, c[h]!, d[h]!];
      let upper = 0xffff_ffff;
      let lower = 0xffff_ffff;
      for (let i = 0; i < halves.length; i += 2) {
        const low = halves[i]!;
        const high = halves[i + 1]!;
        let x = (Math.imul(low, ah) + Math.imul(high, bh) + ch) | 0;
        x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
        x = (x ^ (x >>> 12)) >>> 0;
        if (x > upper) continue;
        // The lower half is only asked for where the upper could be the least.
        let y = (Math.imul(high, ch) + Math.imul(low, dh) + ah) | 0;
        y = Math.imul(y ^ (y >>> 15), 0x297a2d39);
        y = (y ^ (y >>> 15)) >>> 0;
        if (x < upper || y < lower) lower = y;
        upper = x;
      }
      least[2 * h] = upper;
      least[2 * h + 1] = lower;
    }
    return least;
  }

  return (words) => {
    if (words.length < width) return undefined;
    const values = new Uint8Array(minima(stretches(words)).buffer);
    const keys = new BigUint64Array(2 * bands);
    for (let band = 0; band < bands; band++) {
      const own = values.subarray(8 * hashes * band, 8 * hashes * (band + 1));
      keys[2 * band] = xx.h64Raw(own, 0n);
      keys[2 * band + 1] = xx.h64Raw(own, 1n);
    }
    return new Uint8Array(keys.buffer);
  };
}
