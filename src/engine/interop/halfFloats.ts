/**
 * 16-bit floats: IEEE binary16 (F16) and bfloat16 (BF16) to and from float32, on whole arrays.
 *
 * Widening is exact. Narrowing rounds to the nearest, ties to the even mantissa, as IEEE 754 does
 * by default and PyTorch does; values too large become infinite, NaN stays NaN. Node 20 has no
 * Float16Array, so the work is done on bits.
 */

/** All 65,536 values of F16; 256 KiB, made when first needed. */
let f16Values: Float32Array | undefined;

function makeF16Values(): Float32Array {
  const values = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 31;
    const mantissa = bits & 1023;
    values[bits] =
      exponent === 31
        ? mantissa === 0
          ? sign * Infinity
          : NaN
        : exponent === 0
          ? sign * mantissa * 2 ** -24
          : sign * (1024 + mantissa) * 2 ** (exponent - 25);
  }
  return values;
}

/** Widens F16 bits into `out` from `offset` on. */
export function f16ToF32(bits: Uint16Array, out: Float32Array, offset = 0): void {
  const values = (f16Values ??= makeF16Values());
  for (let i = 0; i < bits.length; i++) out[offset + i] = values[bits[i]!]!;
}

/** Widens BF16 bits into `out` from `offset` on: a BF16 is the upper half of a float32. */
export function bf16ToF32(bits: Uint16Array, out: Float32Array, offset = 0): void {
  const outBits = new Uint32Array(out.buffer, out.byteOffset + 4 * offset, bits.length);
  for (let i = 0; i < bits.length; i++) outBits[i] = bits[i]! << 16;
}

/** Narrows to F16 bits; `bits` holds as many elements as `values`. */
export function f32ToF16(values: Float32Array, bits: Uint16Array): void {
  const valueBits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < valueBits.length; i++) {
    const sign = (valueBits[i]! >>> 16) & 0x8000;
    const magnitude = valueBits[i]! & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    // From 2^16 on it is infinite; values in [65520, 2^16) round up to infinity below.
    else if (magnitude >= 0x47800000) half = 0x7c00;
    else if (magnitude < 0x38800000) {
      // Subnormal, spacing 2^-24: that is the spacing of float32 just above 0.5, so adding 0.5
      // lets the float32 addition do the rounding.
      scratchBits[0] = magnitude;
      scratch[0]! += 0.5;
      half = scratchBits[0] - 0x3f000000;
    } else {
      // Rebias the exponent (127 to 15), add just under half a unit, and one more if odd.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    }
    bits[i] = sign | half;
  }
}

/** Narrows to BF16 bits; `bits` holds as many elements as `values`. */
export function f32ToBf16(values: Float32Array, bits: Uint16Array): void {
  const valueBits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < valueBits.length; i++) {
    const value = valueBits[i]!;
    bits[i] =
      (value & 0x7fffffff) > 0x7f800000
        ? ((value >>> 16) & 0x8000) | 0x7fc0
        : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
}
