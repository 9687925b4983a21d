import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import {
  openSafetensors,
  writeSafetensors,
  type WrittenTensor,
} from '../../src/engine/interop/interop';

/** A text that the pattern matches, inside `toMatchObject` (a bare RegExp there checks nothing). */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glassbox-safetensors-'));
  file = path.join(folder, 'x.safetensors');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A file from a header as text and so many bytes of data; `length` lies about the header's. */
function bytesOf(header: string, data: Uint8Array | number, length?: bigint): Buffer {
  const json = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, typeof data === 'number' ? Buffer.alloc(data) : data]);
}

async function openBytes(bytes: Uint8Array): Promise<void> {
  await writeFile(file, bytes);
  const opened = await openSafetensors(file);
  await opened.close();
}

const f32 = (shape: number[], begin: number, end: number): object => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('openSafetensors refuses', () => {
  const refused: [what: string, code: string, says: RegExp, bytes: Buffer][] = [
    ['an empty file', 'truncated', /0 bytes/, Buffer.alloc(0)],
    ['a file shorter than the length', 'truncated', /5 bytes/, Buffer.alloc(5)],
    ['a header past the end', 'truncated', /99999999/, bytesOf('{}', 0, 99_999_999n)],
    ['a huge header', 'header-length', /100000000/, bytesOf('{}', 0, 2n ** 64n - 1n)],
    ['a header that is not JSON', 'header-json', /JSON/, bytesOf('{"a":', 0)],
    ['a header that is a list', 'header-json', /JSON object/, bytesOf('[]', 0)],
    ['a header that is not UTF-8', 'header-json', /UTF-8/, bytesOf('', Buffer.from([1]), 0n)],
    ['metadata of numbers', 'metadata', /strings/, bytesOf('{"__metadata__":{"a":1}}', 0)],
    ['an entry without a shape', 'entry', /"a".*shape/, bytesOf('{"a":{"dtype":"F32"}}', 0)],
    [
      'a negative extent',
      'entry',
      /"a".*shape/,
      bytesOf(JSON.stringify({ a: f32([-1, -1], 0, 4) }), 4),
    ],
    [
      'an unknown dtype',
      'dtype',
      /F99.*BF16/,
      bytesOf('{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
    [
      'a size that differs',
      'size',
      /8 bytes.*takes 4/,
      bytesOf(JSON.stringify({ a: f32([1], 0, 8) }), 8),
    ],
    [
      'a shape beyond all bounds',
      'size',
      /takes/,
      bytesOf(JSON.stringify({ a: f32([2 ** 40, 2 ** 40], 0, 4) }), 4),
    ],
    ['offsets backwards', 'offsets', /before/, bytesOf(JSON.stringify({ a: f32([1], 4, 0) }), 4)],
    [
      'a tensor past the end',
      'truncated',
      /4000000000.*4 bytes/,
      bytesOf(JSON.stringify({ a: f32([1e9], 0, 4e9) }), 4),
    ],
    [
      'an overlap',
      'offsets',
      /"b".*overlaps.*"a"/,
      bytesOf(JSON.stringify({ a: f32([2], 0, 8), b: f32([1], 4, 8) }), 8),
    ],
    [
      'a hole',
      'offsets',
      /hole of 4/,
      bytesOf(JSON.stringify({ a: f32([1], 0, 4), b: f32([1], 8, 12) }), 12),
    ],
    ['a rest', 'offsets', /3 bytes/, bytesOf(JSON.stringify({ a: f32([1], 0, 4) }), 7)],
  ];
  it.each(refused)('%s', async (_, code, says, bytes) => {
    await expect(openBytes(bytes)).rejects.toMatchObject({
      code: `safetensors-${code}`,
      message: like(says),
    });
  });

  it('a file that is not there', async () => {
    await expect(openSafetensors(file)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('any damage with an error of its own, or reads what is whole', async () => {
    const header = JSON.stringify({
      __metadata__: { format: 'pt' },
      a: f32([2, 2], 0, 16),
      b: f32([3], 16, 28),
    });
    const whole = bytesOf(header, 28);
    const damage = fc.oneof(
      fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }).map(({ at, byte }) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        return bytes;
      }),
      fc.nat(whole.length).map((length) => whole.subarray(0, length)),
      fc.uint8Array({ maxLength: 40 }).map((more) => Buffer.concat([whole, more])),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => bytesOf(json, 4)),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        try {
          await openBytes(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GlassboxError);
          expect(thrown).toMatchObject({ code: like(/^safetensors-/) });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a safetensors file', () => {
  it('reads as PyTorch wrote it, whatever the dtype', async () => {
    const numbers = {
      f64: ['F64', Buffer.from(Float64Array.of(0.1, -1).buffer)],
      i64: ['I64', Buffer.from(BigInt64Array.of(-5n, 2n ** 40n).buffer)],
      i32: ['I32', Buffer.from(Int32Array.of(-7, 8).buffer)],
      bool: ['BOOL', Buffer.from([1, 0])],
    } as const;
    let begin = 0;
    const header: Record<string, object> = {};
    for (const [name, [dtype, data]] of Object.entries(numbers)) {
      header[name] = { dtype, shape: [2], data_offsets: [begin, (begin += data.length)] };
    }
    const data = Buffer.concat(Object.values(numbers).map(([, bytes]) => bytes));
    await writeFile(file, bytesOf(JSON.stringify(header), data));
    const opened = await openSafetensors(file);
    expect([...(await opened.readF64('f64'))]).toEqual([0.1, -1]);
    expect([...(await opened.readF32('f64'))]).toEqual([Math.fround(0.1), -1]);
    expect([...(await opened.readF64('i64'))]).toEqual([-5, 2 ** 40]);
    expect([...(await opened.readF64('i32'))]).toEqual([-7, 8]);
    expect([...(await opened.readBytes('bool'))]).toEqual([1, 0]);
    await expect(opened.readF32('bool')).rejects.toMatchObject({
      code: 'safetensors-unreadable-dtype',
      message: like(/bool.*BOOL.*F32/),
    });
    await expect(opened.readF32('none')).rejects.toMatchObject({ code: 'safetensors-no-tensor' });
    await opened.close();
  });

  it('says so when it becomes shorter after it was opened', async () => {
    await writeFile(file, bytesOf(JSON.stringify({ a: f32([4], 0, 16) }), 16));
    const opened = await openSafetensors(file);
    await writeFile(file, 'short');
    await expect(opened.readF32('a')).rejects.toMatchObject({ code: 'safetensors-truncated' });
    await opened.close();
  });
});

describe('writeSafetensors', () => {
  const tensor = fc
    .record({
      name: fc.string({ unit: 'grapheme', maxLength: 12 }),
      dtype: fc.constantFrom('F32', 'F16', 'BF16'),
      shape: fc.array(fc.nat(5), { maxLength: 3 }),
    })
    .chain((described) => {
      const count = described.shape.reduce((product, n) => product * n, 1);
      // Small integers are exact in every dtype.
      return fc
        .array(fc.integer({ min: -128, max: 128 }), { minLength: count, maxLength: count })
        .map((data): WrittenTensor => ({ ...described, data: Float32Array.from(data) }));
    });
  const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 8 });

  it('writes what reads back, with bytes that the order of the tensors does not change', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, async (written) => {
        await writeSafetensors(file, written, { step: '3' });
        const bytes = await readFile(file);
        const opened = await openSafetensors(file);
        expect(opened.metadata).toEqual({ step: '3' });
        expect(opened.tensors.size).toBe(written.length);
        for (const { name, dtype, shape, data } of written) {
          const { start, ...info } = opened.tensors.get(name)!;
          expect(info).toMatchObject({ dtype, shape });
          expect(start % (dtype === 'F32' ? 4 : 2)).toBe(0);
          expect(await opened.readF32(name)).toEqual(data);
        }
        await opened.close();
        expect(bytes.readBigUInt64LE() % 8n).toBe(0n);
        await writeSafetensors(file, [...written].reverse(), { step: '3' });
        expect(await readFile(file)).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
  });

  it('fetches a tensor when its turn comes, longer than one chunk too', async () => {
    const values = Float32Array.from({ length: (1 << 20) + 3 }, (_, i) => i % 251);
    await writeSafetensors(file, [
      { name: 'long', dtype: 'BF16', shape: [values.length], data: () => Promise.resolve(values) },
    ]);
    const opened = await openSafetensors(file);
    const read = await opened.readF32('long');
    expect(Buffer.from(read.buffer).equals(Buffer.from(values.buffer))).toBe(true);
    await opened.close();
  });

  it('leaves the file that was there when a tensor is not what its shape says', async () => {
    const good: WrittenTensor = { name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) };
    await writeSafetensors(file, [good]);
    const before = await readFile(file);
    const bad = { ...good, name: 'b', shape: [2] };
    await expect(writeSafetensors(file, [good, bad])).rejects.toMatchObject({
      code: 'tensor-size',
      message: like(/b has 1 .* takes 2/),
    });
    await expect(writeSafetensors(file, [good, good])).rejects.toMatchObject({
      code: 'safetensors-duplicate',
    });
    expect(await readFile(file)).toEqual(before);
    expect(await readdir(folder)).toEqual(['x.safetensors']);
  });
});
