/**
 * The header of a safetensors file: 8 bytes with the length of a JSON text (little-endian), the JSON
 * text, then the tensors' bytes.
 *
 * Everything that the header says is checked before any of it is used, by the rules of the
 * reference implementation (github.com/huggingface/safetensors, 0.8): the tensors cover the data
 * without overlaps, holes or a rest, and each one's bytes are as many as its shape and dtype say.
 * Where a name occurs twice the last one counts, as it does there.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';

/** Bits per element of every dtype that the format knows. */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof BITS;

function isDtype(name: string): name is Dtype {
  return Object.hasOwn(BITS, name);
}

export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TensorEntry extends TensorInfo {
  /** Where its bytes start in the file, and how many they are. */
  readonly start: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The length of the length. */
export const PREFIX_BYTES = 8;

/** The reference implementation's cap. */
const LONGEST_HEADER = 100_000_000;

const metadataSchema = z.record(z.string(), z.string());

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/** An error of this room about a safetensors file. `code` goes without the `safetensors-`. */
export function safetensorsError(
  code: string,
  file: string,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): GlassboxError {
  return new GlassboxError(`safetensors-${code}`, `${file} cannot be read: ${what}.`, {
    remedy: 'Copy or download the file again; if it stays so, whoever wrote it has to repair it.',
    details: { file, ...details },
    cause,
  });
}

/** `"abc"`, cut where a hostile file would flood the message. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);
}

/**
 * The header's length in bytes, from the file's first 8 bytes (fewer if the file is shorter).
 *
 * @throws GlassboxError `safetensors-truncated`, `safetensors-header-length`
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < PREFIX_BYTES)
    throw safetensorsError(
      'truncated',
      file,
      `it has ${fileBytes} bytes, and the length of the header alone takes ${PREFIX_BYTES}`,
      { fileBytes },
    );
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(LONGEST_HEADER))
    throw safetensorsError(
      'header-length',
      file,
      `it says that its header is ${length.toString()} bytes long, and ${LONGEST_HEADER} is the most that is allowed (is it really a safetensors file?)`,
    );
  if (Number(length) > fileBytes - PREFIX_BYTES)
    throw safetensorsError(
      'truncated',
      file,
      `it says that its header is ${length.toString()} bytes long, but the file ends after ${fileBytes} bytes`,
      { fileBytes },
    );
  return Number(length);
}

function parseJson(bytes: Uint8Array, file: string): Map<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith('{')) throw new Error('it does not start with {');
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) throw new Error('it is not an object');
    return new Map(Object.entries<unknown>({ ...parsed }));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw safetensorsError(
      'header-json',
      file,
      `its header is not a JSON object in UTF-8 (${reason.slice(0, 200)})`,
      {},
      thrown,
    );
  }
}

function parseMetadata(value: unknown, file: string): Readonly<Record<string, string>> {
  const metadata = metadataSchema.safeParse(value);
  if (!metadata.success)
    throw safetensorsError('metadata', file, 'its __metadata__ is not an object of strings');
  return metadata.data;
}

function parseEntry(
  name: string,
  value: unknown,
  dataStart: number,
  file: string,
): TensorEntry & { readonly begin: number; readonly end: number } {
  const tensor = `the tensor ${quoted(name)}`;
  const details = { tensor: name };
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw safetensorsError(
      'entry',
      file,
      `${tensor} is not described by dtype, shape and data_offsets (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`,
      details,
    );
  }
  const { dtype, shape } = parsed.data;
  const [begin, end] = parsed.data.data_offsets;
  if (!isDtype(dtype))
    throw safetensorsError(
      'dtype',
      file,
      `${tensor} has the unknown dtype ${quoted(dtype)}; known are ${Object.keys(BITS).join(', ')}`,
      details,
    );
  if (end < begin)
    throw safetensorsError(
      'offsets',
      file,
      `${tensor} ends (${end}) before it begins (${begin})`,
      details,
    );
  // In bits a count may pass 2^53, where it is inexact, but then it is no file's size either.
  const bits = shape.reduce((product, extent) => product * extent, BITS[dtype]);
  if (bits !== (end - begin) * 8)
    throw safetensorsError(
      'size',
      file,
      `${tensor} has ${end - begin} bytes, but ${dtype} of shape [${shape.slice(0, 16).join(', ')}] takes ${bits / 8}`,
      details,
    );
  return { dtype, shape, start: dataStart + begin, byteLength: end - begin, begin, end };
}

/**
 * What a header says, once all of it has been found true of a file of `fileBytes` bytes.
 *
 * @param bytes the JSON text, without the 8 bytes before it.
 * @throws GlassboxError `safetensors-...`, naming the tensor and the numbers that are at odds.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const dataStart = PREFIX_BYTES + bytes.length;
  const dataBytes = fileBytes - dataStart;
  const described = parseJson(bytes, file);
  const metadata = described.get('__metadata__');
  described.delete('__metadata__');
  const entries = [...described]
    .map(([name, value]) => ({ name, ...parseEntry(name, value, dataStart, file) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors = new Map<string, TensorEntry>();
  let covered = 0;
  let previous = 'the start of the data';
  for (const { name, begin, end, ...entry } of entries) {
    const tensor = `the tensor ${quoted(name)}`;
    if (end > dataBytes)
      throw safetensorsError(
        'truncated',
        file,
        `${tensor} should end at byte ${end} of the data, but the file has only ${dataBytes} bytes of data`,
        { tensor: name, fileBytes },
      );
    if (begin !== covered)
      throw safetensorsError(
        'offsets',
        file,
        begin < covered
          ? `${tensor} begins at byte ${begin} and overlaps ${previous}, which ends at ${covered}`
          : `there is a hole of ${begin - covered} bytes between ${previous} and ${tensor}`,
        { tensor: name },
      );
    tensors.set(name, entry);
    covered = end;
    previous = tensor;
  }
  if (covered !== dataBytes)
    throw safetensorsError(
      'offsets',
      file,
      `${dataBytes - covered} bytes after the last tensor belong to none`,
    );
  return { tensors, metadata: metadata === undefined ? {} : parseMetadata(metadata, file) };
}
