/** The shards of a corpus: documents one after the other, in files of about the size asked for. */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { lineOf, type StoredDocument } from './storedDocument';

export interface Shard {
  readonly name: string;
  readonly documents: number;
}

/** Lines between two writes, in UTF-16 code units. */
const HELD = 1 << 20;

export class JsonlShards {
  readonly #folder: string;
  readonly #kind: 'kept' | 'dropped';
  readonly #most: number;
  readonly #shards: { name: string; documents: number }[] = [];
  #file: FileHandle | undefined;
  #bytes = 0;
  #held: string[] = [];
  #length = 0;

  /** @param most text in a shard, in bytes; the document that crosses it is the last */
  constructor(folder: string, kind: 'kept' | 'dropped', most: number) {
    this.#folder = folder;
    this.#kind = kind;
    this.#most = most;
  }

  async add(document: StoredDocument): Promise<void> {
    if (!this.#file) {
      const name = `${this.#kind}-${String(this.#shards.length).padStart(5, '0')}.jsonl`;
      this.#file = await open(path.join(this.#folder, name), 'w');
      this.#shards.push({ name, documents: 0 });
    }
    this.#shards.at(-1)!.documents++;
    const line = lineOf(document);
    this.#held.push(line);
    this.#length += line.length;
    this.#bytes += Buffer.byteLength(document.text);
    if (this.#length > HELD) await this.#flush();
    if (this.#bytes >= this.#most) await this.close();
  }

  async #flush(): Promise<void> {
    await this.#file?.writeFile(this.#held.join(''));
    this.#held = [];
    this.#length = 0;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
      await this.#file?.sync();
    } finally {
      await this.#file?.close();
      this.#file = undefined;
      this.#bytes = 0;
    }
  }

  get shards(): readonly Shard[] {
    return this.#shards;
  }
}
