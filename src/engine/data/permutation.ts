/**
 * A shuffle that needs no memory: a permutation of 0..n-1 computed for one index at a time, by a
 * Feistel network over the next power of four, walked until it falls below n (Black and Rogaway,
 * "Ciphers with arbitrary finite domains", 2002). Good for order, not for secrets.
 */
import { mix } from '../../base/rng';

const ROUNDS = 6;

/** Where `index` goes in the shuffle of `n` (at most 2^40) that the key names. */
export function permute(index: number, n: number, key: readonly [number, number]): number {
  const halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, n)) / 2));
  const half = 2 ** halfBits;
  let at = index;
  do {
    let left = Math.floor(at / half);
    let right = at % half;
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = mix(right ^ mix(key[0] ^ mix(key[1] + round))) % half;
      [left, right] = [right, (left ^ mixed) >>> 0];
    }
    at = left * half + right;
  } while (at >= n);
  return at;
}
