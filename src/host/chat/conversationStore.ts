/**
 * The conversations of a workspace on the disk: a file each, and a list of the newest, kept by the
 * editor. Older ones than that are removed. Not covered: two windows that write to the same one; the
 * last wins.
 */
import { rm } from 'node:fs/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { atomicFile, readTextIfPresent } from '../../base/files';
import { readConversation, writeConversation } from './conversationFile';
import type { KeptConversation } from './conversationFile';

/** What the editor keeps for the workspace: `vscode.Memento`. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const MOST_CONVERSATIONS = 20;
const LIST = 'glassbox.chat.conversations';

const entrySchema = z.object({
  id: z.string().regex(/^[\w-]+$/),
  title: z.string(),
  /** Unix milliseconds. */
  updated: z.number(),
});

export type ConversationEntry = z.infer<typeof entrySchema>;

export class ConversationStore {
  readonly #folder: string;
  readonly #memory: Memory;

  constructor(folder: string, memory: Memory) {
    this.#folder = folder;
    this.#memory = memory;
  }

  /** Newest first. */
  list(): readonly ConversationEntry[] {
    const list = z.array(entrySchema).safeParse(this.#memory.get(LIST));
    return list.success ? list.data : [];
  }

  /**
   * Undefined where it is gone.
   *
   * @throws GlassboxError `conversation-file`
   */
  async read(id: string): Promise<KeptConversation | undefined> {
    const text = await readTextIfPresent(this.#file(id));
    return text === undefined ? undefined : readConversation(text);
  }

  async write(id: string, title: string, kept: KeptConversation): Promise<void> {
    await atomicFile(this.#file(id), writeConversation(kept));
    const now = { id, title, updated: Date.now() };
    const all = [now, ...this.list().filter((each) => each.id !== id)];
    await this.#memory.update(LIST, all.slice(0, MOST_CONVERSATIONS));
    for (const old of all.slice(MOST_CONVERSATIONS)) await rm(this.#file(old.id), { force: true });
  }

  /** At once, for when the window closes and nothing waits any more. */
  writeNow(id: string, kept: KeptConversation): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.#file(id), writeConversation(kept));
  }

  async remove(id: string): Promise<void> {
    await this.#memory.update(
      LIST,
      this.list().filter((each) => each.id !== id),
    );
    await rm(this.#file(id), { force: true });
  }

  /** What a person was typing; empty where nothing was. The editor's own memory is slower to keep. */
  async readDraft(): Promise<string> {
    return (await readTextIfPresent(this.#draftFile())) ?? '';
  }

  async writeDraft(text: string): Promise<void> {
    await atomicFile(this.#draftFile(), text);
  }

  #draftFile(): string {
    return path.join(this.#folder, 'draft.txt');
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.json`);
  }
}
