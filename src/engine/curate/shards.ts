/** The shards of a corpus: documents one after the other, in files of about the size asked for. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { CorpusRecipe } from '../../recipe/corpus';
import { LineFile } from './lineFile';
import { ParquetShard, readParquetShard } from './parquetShard';
import { lineOf, pickStored, readStored, type StoredDocument } from './storedDocument';

export interface Shard {
  readonly name: string;
  readonly documents: number;
}

type Format = CorpusRecipe['output']['format'];

interface OpenShard {
  add(document: StoredDocument): Promise<void>;
  close(): Promise<void>;
}

async function openShard(file: string, format: Format): Promise<OpenShard> {
  if (format === 'parquet') return new ParquetShard(file);
  const lines = await LineFile.create(file);
  return { add: (document) => lines.add(lineOf(document)), close: () => lines.close() };
}

export class ShardWriter {
  readonly #folder: string;
  readonly #kind: 'kept' | 'dropped';
  readonly #format: Format;
  readonly #most: number;
  readonly #shards: { name: string; documents: number }[] = [];
  #shard: OpenShard | undefined;
  #bytes = 0;

  /** A shard takes text of `shardBytes`; the document that crosses it is its last. */
  constructor(
    folder: string,
    kind: 'kept' | 'dropped',
    { format, shardBytes }: CorpusRecipe['output'],
  ) {
    this.#folder = folder;
    this.#kind = kind;
    this.#format = format;
    this.#most = shardBytes;
  }

  async add(document: StoredDocument): Promise<void> {
    if (!this.#shard) {
      const number = String(this.#shards.length).padStart(5, '0');
      const name = `${this.#kind}-${number}.${this.#format}`;
      this.#shard = await openShard(path.join(this.#folder, name), this.#format);
      this.#shards.push({ name, documents: 0 });
    }
    this.#shards.at(-1)!.documents++;
    await this.#shard.add(document);
    this.#bytes += Buffer.byteLength(document.text);
    if (this.#bytes >= this.#most) await this.close();
  }

  async close(): Promise<void> {
    const shard = this.#shard;
    this.#shard = undefined;
    this.#bytes = 0;
    if (!shard) return;
    await shard.close();
    const handle = await open(path.join(this.#folder, this.#shards.at(-1)!.name), 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  get shards(): readonly Shard[] {
    return this.#shards;
  }
}

/** The documents of a shard, in order. */
export function readShard(file: string): AsyncIterable<StoredDocument> {
  return file.endsWith('.parquet') ? readParquetShard(file) : readStored(file);
}

/** Those in some lines or rows, counted from 1, in ascending order. Lines that are not there give none. */
export async function* pickFromShard(
  file: string,
  wanted: readonly number[],
): AsyncGenerator<StoredDocument, void, void> {
  if (wanted.length === 0) return;
  if (!file.endsWith('.parquet')) {
    yield* pickStored(file, wanted);
    return;
  }
  let row = 0;
  let next = 0;
  for await (const document of readParquetShard(file)) {
    if (++row !== wanted[next]) continue;
    yield document;
    if (++next === wanted.length) return;
  }
}
