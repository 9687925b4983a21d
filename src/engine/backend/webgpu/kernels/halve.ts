/** Rounds numbers to half floats, eight a lane, two in each 32 bits. Bound by bytes, and run once. */
import { kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';
import { ROUND_TO_HALF } from './roundToHalf';

/** Reads `size` numbers, a multiple of eight; writes them as halves. */
export function halve(size: number): Sized {
  return {
    kernel: kernel({
      name: `halve [${size}]`,
      reads: [['x', 'vec4<f32>']],
      writes: [['y', 'vec4<u32>']],
      enable: ['f16'],
      declarations: ROUND_TO_HALF,
      body: `${eachElement(size / 8, LANES)}
  let low = bitcast<vec2<u32>>(roundToHalf(x[2u * i]));
  y[i] = vec4<u32>(low, bitcast<vec2<u32>>(roundToHalf(x[2u * i + 1u])));`,
    }),
    workgroups: spread(Math.ceil(size / 8 / LANES)),
  };
}
