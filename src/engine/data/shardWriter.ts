/**
 * Writes a corpus as shards of token ids (shardFormat.ts): the folder is there whole or not at all,
 * and no more is held in memory than one buffer a part and where documents start.
 */
import { open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { atomicFile, atomicFolder, fileError, systemCodeOf } from '../../base/files';
import { encodeDocuments, type EncodeOptions, type TokenSink } from './encodeCorpus';
import {
  dtypeFor,
  INDEX_NAME,
  maskName,
  TOKEN_BYTES_NAME,
  type CorpusIndex,
  type SplitIndex,
} from './shardFormat';
import type { Documents } from './split';
import { tokenByteLengths, type CorpusTokenizer } from './tokenCorpus';

export interface ShardOptions extends EncodeOptions {
  /** The most tokens in one file; 2^27 if not given. */
  readonly shardTokens?: number | undefined;
  /** The tokenizer's fingerprint, which `openShards` can compare. */
  readonly tokenizerHash?: string | undefined;
}

const BUFFER_TOKENS = 1 << 20;
const HELD_SOURCES = 4096;

async function writeFully(file: FileHandle, values: NodeJS.ArrayBufferView): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written);
    written += bytesWritten;
  }
}

/** Where each document came from, a line of JSON each: what leads from a token back to its document. */
class SourceList {
  readonly #path: string;
  readonly #name: string;
  #file: FileHandle | undefined;
  #held: string[] = [];

  constructor(folder: string, name: string) {
    this.#path = path.join(folder, name);
    this.#name = name;
  }

  async add(source: string): Promise<void> {
    this.#held.push(`${JSON.stringify(source)}\n`);
    if (this.#held.length >= HELD_SOURCES) await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#file ??= await open(this.#path, 'wx');
    await this.#file.writeFile(this.#held.join(''));
    this.#held = [];
  }

  /** Writes what is left; gives the file's name. */
  async finish(): Promise<string> {
    await this.#flush();
    return this.#name;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

/** One part's token stream, in files of at most `shardTokens`. */
class ShardSink implements TokenSink {
  readonly #folder: string;
  readonly #split: string;
  readonly #shardTokens: number;
  readonly #tokenBytes: Uint16Array | undefined;
  readonly #buffer: Uint16Array | Uint32Array;
  readonly #mask: Uint8Array | undefined;
  readonly #starts: number[] = [];
  readonly #files: { name: string; tokens: number }[] = [];
  readonly #sources: SourceList;
  #file: FileHandle | undefined;
  #maskFile: FileHandle | undefined;
  #buffered = 0;
  #tokens = 0;
  #bytes = 0;
  #tableBytes = 0;

  constructor(
    folder: string,
    split: string,
    options: {
      readonly dtype: CorpusIndex['dtype'];
      readonly shardTokens: number;
      readonly tokenBytes: Uint16Array | undefined;
      readonly masked: boolean;
    },
  ) {
    this.#folder = folder;
    this.#split = split;
    this.#sources = new SourceList(folder, `${split}.sources.jsonl`);
    this.#shardTokens = options.shardTokens;
    this.#tokenBytes = options.tokenBytes;
    const length = Math.min(BUFFER_TOKENS, options.shardTokens);
    this.#buffer = options.dtype === 'uint16' ? new Uint16Array(length) : new Uint32Array(length);
    this.#mask = options.masked ? new Uint8Array(length) : undefined;
  }

  async add(
    ids: Int32Array,
    bytes: number,
    starts: string | undefined,
    mask?: Uint8Array,
  ): Promise<void> {
    if (starts !== undefined) {
      this.#starts.push(this.#tokens);
      await this.#sources.add(starts);
    }
    this.#tokens += ids.length;
    this.#bytes += bytes;
    if (this.#tokenBytes) for (const id of ids) this.#tableBytes += this.#tokenBytes[id]!;
    for (let i = 0; i < ids.length;) {
      if (this.#buffered === this.#buffer.length) await this.#flush();
      const part = ids.subarray(i, i + this.#buffer.length - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      if (mask) this.#mask?.set(mask.subarray(i, i + part.length), this.#buffered);
      this.#buffered += part.length;
      i += part.length;
    }
  }

  async #flush(): Promise<void> {
    for (let i = 0; i < this.#buffered;) {
      let shard = this.#files.at(-1);
      if (!shard || !this.#file || shard.tokens === this.#shardTokens) {
        await this.#closeShard();
        const number = String(this.#files.length).padStart(5, '0');
        shard = { name: `${this.#split}-${number}.bin`, tokens: 0 };
        this.#file = await open(path.join(this.#folder, shard.name), 'wx');
        if (this.#mask)
          this.#maskFile = await open(path.join(this.#folder, maskName(shard.name)), 'wx');
        this.#files.push(shard);
      }
      const room = Math.min(this.#buffered - i, this.#shardTokens - shard.tokens);
      await writeFully(this.#file, this.#buffer.subarray(i, i + room));
      if (this.#maskFile && this.#mask)
        await writeFully(this.#maskFile, this.#mask.subarray(i, i + room));
      shard.tokens += room;
      i += room;
    }
    this.#buffered = 0;
  }

  /** Writes what is left; undefined if the part has no tokens. */
  async finish(): Promise<SplitIndex | undefined> {
    await this.#flush();
    if (this.#tokens === 0) return undefined;
    const documentsFile = `${this.#split}.documents.bin`;
    const starts = Float64Array.from(this.#starts);
    const sourcesFile = await this.#sources.finish();
    await atomicFile(path.join(this.#folder, documentsFile), new Uint8Array(starts.buffer));
    return {
      tokens: this.#tokens,
      bytes: this.#bytes,
      documents: this.#starts.length,
      tableBytes: this.#tableBytes,
      files: this.#files,
      documentsFile,
      sourcesFile,
    };
  }

  async close(): Promise<void> {
    await this.#sources.close();
    await this.#closeShard();
  }

  async #closeShard(): Promise<void> {
    await this.#file?.close();
    await this.#maskFile?.close();
    this.#file = undefined;
    this.#maskFile = undefined;
  }
}

async function refuseForeignFolder(folder: string): Promise<void> {
  const there = await readdir(folder).catch((thrown: unknown): string[] => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'write', folder);
  });
  if (there.length > 0 && !there.includes(INDEX_NAME))
    throw new GlassboxError('not-a-corpus', `${folder} holds something else than a corpus.`, {
      remedy: 'Choose another folder, or empty this one.',
      details: { path: folder },
    });
}

/**
 * Encodes `documents` into `folder`, in place of a corpus that was there. They are iterated twice:
 * counted, then encoded.
 *
 * @throws GlassboxError as `encodeDocuments`; `not-a-corpus` where the folder holds something else;
 *   the file system's reason (`disk-full`, ...). What was there before is then untouched.
 */
export async function writeShards(
  documents: Documents,
  tokenizer: CorpusTokenizer,
  folder: string,
  options: ShardOptions = {},
): Promise<CorpusIndex> {
  return writeSplits(tokenizer, folder, { ...options, masked: false }, (sinks) =>
    encodeDocuments(documents, tokenizer, sinks, options),
  );
}

/** A document as tokens, of which some are to be learnt and the others only seen. */
export interface MaskedDocument {
  readonly ids: Int32Array;
  /** As long: 1 for what is to be learnt, else 0. */
  readonly mask: Uint8Array;
  /** UTF-8 bytes of the text that the ids stand for. */
  readonly bytes: number;
  /** It is measured on, and not trained on. */
  readonly heldOut: boolean;
  /** Its file, with the line's number where each line is a document. */
  readonly source?: string | undefined;
}

/**
 * As `writeShards`, for documents that are tokens already.
 *
 * @throws GlassboxError as `writeShards`; `no-tokens` where nothing is to be trained on
 */
export async function writeMaskedShards(
  documents: AsyncIterable<MaskedDocument> | Iterable<MaskedDocument>,
  tokenizer: CorpusTokenizer,
  folder: string,
  options: Pick<ShardOptions, 'shardTokens' | 'tokenizerHash' | 'signal'> = {},
): Promise<CorpusIndex> {
  return writeSplits(tokenizer, folder, { ...options, masked: true }, async (sinks) => {
    for await (const { ids, mask, bytes, heldOut, source = '' } of documents) {
      throwIfAborted(options.signal);
      await (heldOut ? sinks.validation : sinks.train).add(ids, bytes, source, mask);
    }
  });
}

interface Sinks {
  readonly train: ShardSink;
  readonly validation: ShardSink;
}

async function writeSplits(
  tokenizer: CorpusTokenizer,
  folder: string,
  options: ShardOptions & { readonly masked: boolean },
  fill: (sinks: Sinks) => Promise<void>,
): Promise<CorpusIndex> {
  await refuseForeignFolder(folder);
  const { shardTokens = 2 ** 27, tokenizerHash, masked } = options;
  const dtype = dtypeFor(tokenizer.vocabSize);
  const tokenBytes = tokenByteLengths(tokenizer);
  let index: CorpusIndex | undefined;
  await atomicFolder(folder, async (temporary) => {
    const sinkOptions = { dtype, shardTokens, tokenBytes, masked };
    const train = new ShardSink(temporary, 'train', sinkOptions);
    const validation = new ShardSink(temporary, 'validation', sinkOptions);
    try {
      await fill({ train, validation });
      const trainIndex = await train.finish();
      if (!trainIndex)
        throw new GlassboxError('no-tokens', 'The text gave no tokens to train on.', {
          remedy: 'Give more text, or hold less of it out.',
        });
      index = {
        format: 'glassbox-tokens',
        version: 1,
        dtype,
        vocab: tokenizer.vocabSize,
        eos: tokenizer.eosId ?? null,
        tokenizer: tokenizerHash ?? null,
        hasTokenBytes: tokenBytes !== undefined,
        masked,
        splits: { train: trainIndex, validation: (await validation.finish()) ?? null },
      };
      if (tokenBytes)
        await atomicFile(path.join(temporary, TOKEN_BYTES_NAME), new Uint8Array(tokenBytes.buffer));
      await atomicFile(path.join(temporary, INDEX_NAME), `${JSON.stringify(index, null, 2)}\n`);
    } finally {
      await train.close();
      await validation.close();
    }
  });
  if (!index) throw new Error('the index is written last');
  return index;
}
