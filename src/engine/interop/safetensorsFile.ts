/**
 * Reads a safetensors file, one tensor at a time. The header is checked whole on opening
 * (safetensorsHeader.ts); after that a tensor costs one positioned read into the array that is
 * handed out, and a loop over its elements only where they have to be widened.
 *
 * Float dtypes below 16 bits, integers below 32 bits, complex and unsigned numbers are only given
 * as raw bytes.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { fileError } from '../../base/files';
import { sizeOf } from '../graph/graph';
import { bf16ToF32, f16ToF32 } from './halfFloats';
import {
  headerLength,
  parseHeader,
  PREFIX_BYTES,
  safetensorsError,
  type Dtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensorsHeader';
import type { TensorSource } from './tensorSource';

/** What is read at once where elements are converted. */
const CHUNK_BYTES = 4 << 20;

/** The most that one system call is asked for; Node allows no more than 2^31 - 1. */
const READ_BYTES = 1 << 30;

export class SafetensorsFile implements TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle, header: SafetensorsHeader) {
    this.path = path;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#file = file;
  }

  /**
   * F32, F16, BF16 and F64 (rounded to the nearest) as float32.
   *
   * @throws GlassboxError `safetensors-no-tensor`, `safetensors-unreadable-dtype`,
   *   `safetensors-truncated`
   */
  async readF32(name: string): Promise<Float32Array> {
    const entry = this.#entry(name, ['F32', 'F16', 'BF16', 'F64']);
    if (entry.dtype === 'F64') return Float32Array.from(await this.readF64(name));
    const values = new Float32Array(sizeOf(entry.shape));
    if (entry.dtype === 'F32') {
      await this.#read(values, entry.start);
      return values;
    }
    const widen = entry.dtype === 'F16' ? f16ToF32 : bf16ToF32;
    const chunk = new Uint16Array(Math.min(values.length, CHUNK_BYTES / 2));
    for (let i = 0; i < values.length; i += chunk.length) {
      const part = chunk.subarray(0, values.length - i);
      await this.#read(part, entry.start + 2 * i);
      widen(part, values, i);
    }
    return values;
  }

  /**
   * F64, I64, I32 and F32 as float64. I64 beyond 2^53 are rounded.
   *
   * @throws GlassboxError as `readF32`
   */
  async readF64(name: string): Promise<Float64Array> {
    const entry = this.#entry(name, ['F64', 'I64', 'I32', 'F32']);
    const count = sizeOf(entry.shape);
    if (entry.dtype === 'F64') {
      const values = new Float64Array(count);
      await this.#read(values, entry.start);
      return values;
    }
    if (entry.dtype === 'I64') {
      const values = new BigInt64Array(count);
      await this.#read(values, entry.start);
      return Float64Array.from(values, Number);
    }
    const values = entry.dtype === 'I32' ? new Int32Array(count) : new Float32Array(count);
    await this.#read(values, entry.start);
    return Float64Array.from(values);
  }

  /** The bytes of a tensor of any dtype, as they are in the file. */
  async readBytes(name: string): Promise<Uint8Array> {
    const entry = this.#entry(name);
    const bytes = new Uint8Array(entry.byteLength);
    await this.#read(bytes, entry.start);
    return bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #entry(name: string, readable?: readonly Dtype[]): TensorEntry {
    const entry = this.tensors.get(name);
    if (!entry) throw safetensorsError('no-tensor', this.path, `it has no tensor named ${name}`);
    if (readable && !readable.includes(entry.dtype))
      throw safetensorsError(
        'unreadable-dtype',
        this.path,
        `the tensor ${name} is ${entry.dtype}, and only ${readable.join(', ')} can be read here`,
        { tensor: name, dtype: entry.dtype },
      );
    return entry;
  }

  async #read(into: NodeJS.ArrayBufferView, position: number): Promise<void> {
    await readFully(this.#file, into, position, this.path);
  }
}

/** Fills `into` from `position` on; a file that ends before is an error. */
async function readFully(
  file: FileHandle,
  into: NodeJS.ArrayBufferView,
  position: number,
  path: string,
): Promise<void> {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  let filled = 0;
  while (filled < bytes.length) {
    const length = Math.min(bytes.length - filled, READ_BYTES);
    const { bytesRead } = await file.read(bytes, filled, length, position + filled);
    if (bytesRead === 0)
      throw safetensorsError('truncated', path, 'it became shorter while it was being read');
    filled += bytesRead;
  }
}

/**
 * Opens a safetensors file and checks its header whole. The caller closes it.
 *
 * @throws GlassboxError `safetensors-...` if the file is not what its header says, or the file
 *   system's reason (`not-found`, `no-permission`, ...).
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  if (endianness() !== 'LE')
    throw safetensorsError('endianness', path, 'this machine is big-endian, the format is not');
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const prefix = new Uint8Array(Math.min(PREFIX_BYTES, size));
    await readFully(file, prefix, 0, path);
    // Never more than the file itself holds: `headerLength` has compared the two.
    const header = new Uint8Array(headerLength(prefix, size, path));
    await readFully(file, header, PREFIX_BYTES, path);
    return new SafetensorsFile(path, file, parseHeader(header, size, path));
  } catch (thrown) {
    await file?.close();
    throw fileError(thrown, 'read', path);
  }
}
