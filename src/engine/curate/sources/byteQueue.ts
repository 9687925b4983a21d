/** Bytes that arrive in chunks and are taken in other measures. */

export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** All of it in one piece, still in the queue. */
  peek(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    const [only] = this.#chunks;
    return only === undefined
      ? Buffer.alloc(0)
      : Buffer.from(only.buffer, only.byteOffset, only.length);
  }

  /** The first `count` bytes, or all that there are. */
  take(count: number): Buffer {
    const taken: Uint8Array[] = [];
    let wanted = Math.min(count, this.#length);
    this.#length -= wanted;
    while (wanted > 0) {
      const chunk = this.#chunks.shift();
      if (!chunk) break;
      taken.push(chunk.subarray(0, wanted));
      if (chunk.length > wanted) this.#chunks.unshift(chunk.subarray(wanted));
      wanted -= Math.min(wanted, chunk.length);
    }
    return Buffer.concat(taken);
  }

  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }
}
