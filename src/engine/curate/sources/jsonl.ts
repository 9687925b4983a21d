/**
 * JSON Lines, plain or gzipped: a line is a document. Its text is in the field `text` (or what the recipe
 * says); `id`, `url` and `date` or `timestamp` are taken where they are. A line that is no such object is
 * counted, and the next one is read.
 */
import { isUtf8 } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { fileError } from '../../../base/files';
import type { Read, RecordHead, UnreadableReason } from '../document';
import { gzipMembers } from './gzip';
import type { Stretch } from './source';

const CHUNK = 1 << 18;
/** A longer line is passed over. */
const LONGEST_LINE = 1 << 25;
const NEWLINE = 0x0a;

interface Line {
  readonly offset: number;
  /** Undefined for one that is too long. */
  readonly bytes: Buffer | undefined;
}

type Part = { readonly bytes: Uint8Array } | { readonly damage: UnreadableReason };

async function* plainParts(file: FileHandle, from: number): AsyncGenerator<Part> {
  for (let position = from; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield { bytes: buffer.subarray(0, bytesRead) };
  }
}

async function* gzipParts(file: FileHandle, end: number): AsyncGenerator<Part> {
  for await (const part of gzipMembers(file, { start: 0, end, begins: () => true })) {
    if (part.kind === 'bytes') yield { bytes: part.bytes };
    else if (part.kind === 'damaged') yield { damage: part.reason };
  }
}

/** Lines, with their places in the (unpacked) bytes; what ends in damage is no line. */
async function* linesOf(
  parts: AsyncIterable<Part>,
  from: number,
): AsyncGenerator<Line | UnreadableReason> {
  let held: Uint8Array[] = [];
  let length = 0;
  let offset = from;
  const line = (): Line => {
    const bytes = length > LONGEST_LINE ? undefined : Buffer.concat(held);
    const done = { offset, bytes };
    offset += length + 1;
    held = [];
    length = 0;
    return done;
  };
  const hold = (bytes: Uint8Array): void => {
    length += bytes.length;
    if (length > LONGEST_LINE) held = [];
    else held.push(bytes);
  };
  for await (const part of parts) {
    if ('damage' in part) {
      offset += length;
      held = [];
      length = 0;
      yield part.damage;
      continue;
    }
    let start = 0;
    for (
      let end = part.bytes.indexOf(NEWLINE);
      end >= 0;
      end = part.bytes.indexOf(NEWLINE, start)
    ) {
      hold(part.bytes.subarray(start, end));
      start = end + 1;
      yield line();
    }
    hold(part.bytes.subarray(start));
  }
  if (length > 0) yield line();
}

function fieldsOf(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}

const textOr = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** The lines that begin in a stretch of the file; of a gzipped one, all. */
export async function* readJsonl(
  { file, number, start, end }: Stretch,
  textField: string,
): AsyncGenerator<Read, void, void> {
  const handle = await open(file.path, 'r').catch((thrown: unknown) => {
    throw fileError(thrown, 'read', file.path);
  });
  const headAt = (offset: number, fields: Readonly<Record<string, unknown>> = {}): RecordHead => ({
    id: `${number}-${offset}`,
    origin: { file: file.path, offset, record: textOr(fields['id']) },
    url: textOr(fields['url']),
    date: textOr(fields['date']) ?? textOr(fields['timestamp']),
  });
  try {
    // From one byte before: the first line is then the end of one that began earlier.
    const from = file.gzip ? 0 : Math.max(0, start - 1);
    const parts = file.gzip ? gzipParts(handle, file.size) : plainParts(handle, from);
    let last = from;
    let skip = from < start;
    for await (const line of linesOf(parts, from)) {
      if (typeof line === 'string') {
        yield { kind: 'unreadable', record: { ...headAt(last), reason: line } };
        continue;
      }
      const { offset, bytes } = line;
      last = offset;
      if (skip) {
        skip = false;
        continue;
      }
      if (!file.gzip && offset >= end) return;
      if (bytes?.toString('latin1').trim() === '') continue;
      const fields = bytes && fieldsOf(bytes);
      const head = headAt(offset, fields);
      const text = fields?.[textField];
      if (typeof text === 'string') {
        const whole = text.replace(LONE_SURROGATE, '\ufffd');
        yield { kind: 'document', document: { ...head, body: { kind: 'decoded', text: whole } } };
      } else {
        const reason = !bytes ? 'tooLarge' : fields ? 'noText' : 'badLine';
        yield { kind: 'unreadable', record: { ...head, reason } };
      }
    }
  } catch (thrown) {
    throw fileError(thrown, 'read', file.path);
  } finally {
    await handle.close();
  }
}
