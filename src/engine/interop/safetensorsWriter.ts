/**
 * Writes a safetensors file, tensor after tensor: no more than one narrowed chunk is held besides
 * what the caller holds.
 *
 * The bytes depend on the tensors and the metadata alone: wider dtypes first, so that every tensor
 * is aligned to its elements, and by name among equals (the reference implementation's order); the
 * header's JSON in that order, padded with spaces to a multiple of 8.
 */
import type { FileHandle } from 'node:fs/promises';
import { GlassboxError } from '../../base/errors';
import { atomicFile } from '../../base/files';
import { sizeOf } from '../graph/graph';
import { f32ToBf16, f32ToF16 } from './halfFloats';
import { PREFIX_BYTES } from './safetensorsHeader';

export type WrittenDtype = 'F32' | 'F16' | 'BF16';

export interface WrittenTensor {
  readonly name: string;
  /** F16 and BF16 are rounded to the nearest, ties to even. */
  readonly dtype: WrittenDtype;
  readonly shape: readonly number[];
  /** The elements row by row, or a function that fetches them when their turn comes. */
  readonly data: Float32Array | (() => Float32Array | Promise<Float32Array>);
}

/** Elements narrowed and written at once. */
const CHUNK_ELEMENTS = 1 << 20;

const bytesPerElement = (dtype: WrittenDtype): number => (dtype === 'F32' ? 4 : 2);

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function makeHeader(
  ordered: readonly WrittenTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0)
    header.set(
      '__metadata__',
      Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => byCodeUnits(a, b))),
    );
  let offset = 0;
  for (const { name, dtype, shape } of ordered) {
    if (header.has(name) || name === '__metadata__')
      throw new GlassboxError(
        'safetensors-duplicate',
        name === '__metadata__'
          ? 'A tensor may not be named __metadata__.'
          : `Two tensors are named ${name}.`,
      );
    const end = offset + sizeOf(shape) * bytesPerElement(dtype);
    header.set(name, { dtype, shape, data_offsets: [offset, end] });
    offset = end;
  }
  // Built from pairs: an object would put names that look like numbers first.
  const pairs = [...header].map(
    ([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`,
  );
  const json = Buffer.from(`{${pairs.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(PREFIX_BYTES + padded, ' ');
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(bytes, PREFIX_BYTES);
  return bytes;
}

async function writeFully(file: FileHandle, values: NodeJS.ArrayBufferView): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
    written += bytesWritten;
  }
}

async function writeTensor(file: FileHandle, tensor: WrittenTensor): Promise<void> {
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
  if (data.length !== sizeOf(tensor.shape))
    throw new GlassboxError(
      'tensor-size',
      `The tensor ${tensor.name} has ${data.length} elements, but its shape [${tensor.shape.join(', ')}] takes ${sizeOf(tensor.shape)}.`,
      { details: { tensor: tensor.name } },
    );
  const narrow = tensor.dtype === 'F16' ? f32ToF16 : f32ToBf16;
  for (let i = 0; i < data.length; i += CHUNK_ELEMENTS) {
    const part = data.subarray(i, i + CHUNK_ELEMENTS);
    if (tensor.dtype === 'F32') {
      await writeFully(file, part);
      continue;
    }
    const bits = new Uint16Array(part.length);
    narrow(part, bits);
    await writeFully(file, bits);
  }
}

/**
 * Writes `tensors` to `path`, synced, whole or not at all.
 *
 * @throws GlassboxError `safetensors-duplicate`, `tensor-size`, or the file system's reason
 *   (`disk-full`, `read-only`, `no-permission`, ...); a file that was there before is then untouched.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<WrittenTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || byCodeUnits(a.name, b.name),
  );
  const header = makeHeader(ordered, metadata);
  await atomicFile(path, async (file) => {
    await writeFully(file, header);
    for (const tensor of ordered) await writeTensor(file, tensor);
  });
}
