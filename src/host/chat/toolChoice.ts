/**
 * Which tools a model may ask for in this workspace, where search looks, and what a person has allowed
 * for longer than one call. A search that was allowed in one place is asked for again in another.
 */
import * as z from 'zod';
import type { ConverseRequest } from '../../protocol/chatMessages';
import { toolNameSchema } from '../../protocol/chatSurface';
import type { ShownTool, ToolName } from '../../protocol/chatSurface';
import type { Memory } from './conversationStore';

/** What a model is told of a call that a person does not allow. */
export const REFUSED = 'error: the person does not allow this call';

const TOOLS = 'glassbox.chat.tools';
const ALLOWED = 'glassbox.chat.allowedTools';

const choiceSchema = z.object({
  names: z.array(toolNameSchema).readonly(),
  /** Where search looks, and how a person knows the place. */
  search: z.object({ folder: z.string(), name: z.string() }).optional(),
});
type Choice = z.infer<typeof choiceSchema>;

export type ToolWishes = NonNullable<ConverseRequest['tools']>;
export type Standing = 'wished' | 'off' | 'elsewhere';

/** Search needs a place first. Whatever is chosen is asked for before it runs. */
const USUAL: Choice = { names: ['calculator', 'javascript'] };

export class ToolChoice {
  readonly #memory: Pick<Memory, 'get'>;
  readonly #keep: (key: string, value: unknown) => void;
  #choice: Choice;

  constructor(memory: Pick<Memory, 'get'>, keep: (key: string, value: unknown) => void) {
    this.#memory = memory;
    this.#keep = keep;
    this.#choice = choiceSchema.safeParse(memory.get(TOOLS)).data ?? USUAL;
  }

  get hasPlace(): boolean {
    return this.#choice.search !== undefined;
  }

  use(name: ToolName, chosen: boolean): void {
    const others = this.#choice.names.filter((each) => each !== name);
    this.#change({ ...this.#choice, names: chosen ? [...others, name] : others });
  }

  /** @param name how a person knows the folder, file or corpus. */
  searchIn(folder: string, name: string): void {
    this.#change({ ...this.#choice, search: { folder, name } });
    this.use('search', true);
  }

  /** @param allowed for the conversation that is shown. */
  wishes(allowed: readonly string[]): ToolWishes {
    return toolNameSchema.options.flatMap((name) => {
      if (!this.#isUsed(name)) return [];
      const folder = name === 'search' ? this.#choice.search?.folder : undefined;
      return [{ name, folder, ask: this.allowed(name, allowed) === undefined }];
    });
  }

  /**
   * What becomes of a call in an answer that was begun with these wishes: a tool may have been switched off
   * since, or search look elsewhere. (One that no wish names is refused by the engine.)
   */
  standingOf(tool: string, begunWith: ToolWishes): Standing {
    const wished = begunWith.find(({ name }) => name === tool);
    if (!wished) return 'wished';
    const now = this.wishes([]).find(({ name }) => name === tool);
    if (!now) return 'off';
    return now.folder === wished.folder ? 'wished' : 'elsewhere';
  }

  shown(allowed: readonly string[]): ShownTool[] {
    return toolNameSchema.options.map((name) => {
      const place = name === 'search' ? this.#choice.search?.name : undefined;
      const granted = this.allowed(name, allowed);
      return {
        ...{ name, chosen: this.#isUsed(name) },
        ...(place !== undefined && { place }),
        ...(granted && { allowed: granted }),
      };
    });
  }

  allowed(tool: string, here: readonly string[]): 'chat' | 'workspace' | undefined {
    const key = this.keyOf(tool);
    if (this.#allowedAlways().includes(key)) return 'workspace';
    return here.includes(key) ? 'chat' : undefined;
  }

  allowAlways(tool: string): void {
    this.#keep(ALLOWED, [...new Set([...this.#allowedAlways(), this.keyOf(tool)])]);
  }

  askAgain(): void {
    this.#keep(ALLOWED, []);
  }

  /** What is allowed: the tool, and for search its place. */
  keyOf(tool: string): string {
    return tool === 'search' ? `search:${this.#choice.search?.folder ?? ''}` : tool;
  }

  #isUsed(name: ToolName): boolean {
    return this.#choice.names.includes(name) && (name !== 'search' || this.hasPlace);
  }

  #allowedAlways(): readonly string[] {
    return z.array(z.string()).safeParse(this.#memory.get(ALLOWED)).data ?? [];
  }

  #change(choice: Choice): void {
    this.#choice = choice;
    this.#keep(TOOLS, choice);
  }
}
