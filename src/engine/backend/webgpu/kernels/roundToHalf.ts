/**
 * How numbers become half floats. WGSL doesn't say what a conversion makes of a number beyond the largest
 * one, and Vulkan lets a driver make the largest of it: an overflow that the loss scale
 * (train/lossScale.ts) would never see. Here it is certainly not finite, by the bits of its exponent:
 * infinity where the driver says that, else NaN. Costs a comparison for each number, and no more where
 * all four fit.
 */

/** The largest is 65504; from here on a number is nearer to 65536, which would be the next. */
const OVERFLOW = '65520.0';

/** WGSL: `roundToHalf`, of a vec4f. Needs the extension f16. */
export const ROUND_TO_HALF = `fn roundToHalf(x: vec4f) -> vec4<f16> {
  let nearest = vec4<f16>(x);
  let fits = abs(x) < vec4f(${OVERFLOW});
  if (all(fits)) { return nearest; }
  let exponent = select(vec4u(0x7c00u), vec4u(), fits);
  return bitcast<vec4<f16>>(bitcast<vec2<u32>>(nearest) | exponent.xz | (exponent.yw << vec2u(16u)));
}`;
