/** A new file that is written line by line, and reaches the disk by the megabyte. */
import { open, type FileHandle } from 'node:fs/promises';

export class LineFile {
  readonly #file: FileHandle;
  #held: string[] = [];
  #length = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(file: string): Promise<LineFile> {
    return new LineFile(await open(file, 'wx'));
  }

  async add(line: string): Promise<void> {
    this.#held.push(line);
    this.#length += line.length;
    if (this.#length > 1 << 20) await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#file.writeFile(this.#held.join(''));
    this.#held = [];
    this.#length = 0;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#file.close();
    }
  }
}
