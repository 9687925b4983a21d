/**
 * Seeds from several numbers, so that what is drawn for one batch depends on the run's seed and the
 * batch's number alone.
 */
import { Rng, mix } from '../../base/rng';

/** The random stream of one index under a seed. Different indices give different states. */
export function rngFor(seed: number, index: number): Rng {
  const low = index >>> 0;
  const high = Math.floor(index / 2 ** 32);
  const rng = new Rng([
    mix(seed),
    mix(low ^ mix(seed)),
    mix(high ^ mix(low)),
    // Never all zero, which would be the one state that stays.
    mix(seed ^ mix(low ^ mix(high))) | 1,
  ]);
  // The first draws depend on few of the state's words.
  for (let i = 0; i < 16; i++) rng.uint32();
  return rng;
}
