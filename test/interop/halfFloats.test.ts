import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../src/engine/interop/interop';

type Narrow = (values: Float32Array, bits: Uint16Array) => void;
type Widen = (bits: Uint16Array, out: Float32Array) => void;

function narrowOne(narrow: Narrow, value: number): number {
  const bits = new Uint16Array(1);
  narrow(Float32Array.of(value), bits);
  return bits[0]!;
}

function widenOne(widen: Widen, bits: number): number {
  const out = new Float32Array(1);
  widen(Uint16Array.of(bits), out);
  return out[0]!;
}

/** The value that bits mean, from the definition of the format. */
function meaning(bits: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const exponent = (bits >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = bits & (2 ** mantissaBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return mantissa ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * mantissa * 2 ** (1 - bias - mantissaBits)
    : sign * (2 ** mantissaBits + mantissa) * 2 ** (exponent - bias - mantissaBits);
}

/**
 * The nearest bits by search, ties to even. Infinity stands one step above the largest finite value,
 * as IEEE 754 has it.
 */
function nearest(value: number, exponentBits: number): number {
  const infinity = (2 ** exponentBits - 1) * 2 ** (15 - exponentBits);
  const at = (bits: number): number =>
    bits === infinity ? 2 ** (2 ** (exponentBits - 1)) : meaning(bits, exponentBits);
  const magnitude = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - at(low);
  const above = at(high) - magnitude;
  const bits =
    magnitude >= at(high) || above < below || (above === below && low % 2 === 1) ? high : low;
  return (Object.is(value, -0) || value < 0 ? 0x8000 : 0) | bits;
}

const formats = [
  { name: 'F16', narrow: f32ToF16, widen: f16ToF32, exponentBits: 5 },
  { name: 'BF16', narrow: f32ToBf16, widen: bf16ToF32, exponentBits: 8 },
];

describe.each(formats)('$name', ({ narrow, widen, exponentBits }) => {
  it('widens all 65,536 values exactly, and narrows them back', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = new Float32Array(65536);
    widen(bits, values);
    const back = new Uint16Array(65536);
    narrow(values, back);
    for (let i = 0; i < 65536; i++) {
      const expected = meaning(i, exponentBits);
      if (!Object.is(values[i], expected)) expect([i, values[i]]).toEqual([i, expected]);
      if (Number.isNaN(expected)) expect(meaning(back[i]!, exponentBits)).toBeNaN();
      else if (back[i] !== i) expect(back[i]).toBe(i);
    }
  });

  it('rounds to the nearest, ties to even', () => {
    const value = fc.oneof(
      fc.float({ noNaN: true }),
      fc.float({ noNaN: true, min: Math.fround(-2e-4), max: Math.fround(2e-4) }),
      fc.float({ noNaN: true, min: -70000, max: 70000 }),
    );
    fc.assert(
      fc.property(value, (x) => {
        expect(narrowOne(narrow, x)).toBe(nearest(x, exponentBits));
      }),
      { numRuns: 5000 },
    );
  });

  it('rounds the middle between two neighbours to the even one', () => {
    const largest = (2 ** exponentBits - 1) * 2 ** (15 - exponentBits) - 1;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: largest - 1 }), (bits) => {
        const middle = (meaning(bits, exponentBits) + meaning(bits + 1, exponentBits)) / 2;
        // Below the smallest normal float32 the middle of two BF16 may need more bits than there are.
        fc.pre(Math.fround(middle) === middle);
        expect(narrowOne(narrow, middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      }),
    );
  });

  it('keeps infinities and NaN', () => {
    expect(widenOne(widen, narrowOne(narrow, Infinity))).toBe(Infinity);
    expect(widenOne(widen, narrowOne(narrow, -Infinity))).toBe(-Infinity);
    expect(widenOne(widen, narrowOne(narrow, NaN))).toBeNaN();
  });
});

it('gives the bits that numpy gives', () => {
  // numpy.array([...], dtype="float32").astype("float16").view("uint16")
  const values = [1, -2, 0.1, 65504, 65519, 65520, 6e-8, 2.9e-8, 3e-8, 1 / 3, 2049, 2051];
  const f16 = [
    0x3c00, 0xc000, 0x2e66, 0x7bff, 0x7bff, 0x7c00, 0x0001, 0x0000, 0x0001, 0x3555, 0x6800, 0x6802,
  ];
  expect(values.map((value) => narrowOne(f32ToF16, value))).toEqual(f16);
});
