/** What the chat's page knows and what it asks; one object that its parts share. */
import * as z from 'zod';
import { messageOf } from '../../src/base/errors';
import { chatSurface } from '../../src/protocol/chatSurface';
import type {
  ChatEvent,
  ChatState,
  Explanation,
  ShownPassage,
} from '../../src/protocol/chatSurface';
import type { Asker } from '../../src/protocol/rpc';
import { Drawn } from '../shared/drawn';
import { never } from '../shared/host';

const ownSchema = z.object({
  editing: z.object({ passage: z.number(), text: z.string() }).nullable(),
  coloured: z.boolean(),
  settingsOpen: z.boolean(),
});
type Own = z.infer<typeof ownSchema>;

/** Milliseconds from a keystroke until the host knows of it. */
const KEEP = 200;

export interface OpenToken {
  readonly passage: number;
  readonly index: number;
  readonly explanation: Explanation;
}

export type Ask = ReturnType<typeof askOf>;

function askOf(asker: Asker) {
  return {
    watch: asker.stream(chatSurface.watch),
    send: asker.call(chatSurface.send),
    edit: asker.call(chatSurface.edit),
    regenerate: asker.call(chatSurface.regenerate),
    goOn: asker.call(chatSurface.goOn),
    stop: asker.call(chatSurface.stop),
    choose: asker.call(chatSurface.choose),
    explain: asker.call(chatSurface.explain),
    branch: asker.call(chatSurface.branch),
    setSampling: asker.call(chatSurface.setSampling),
    setInstructions: asker.call(chatSurface.setInstructions),
    useTool: asker.call(chatSurface.useTool),
    chooseSearch: asker.call(chatSurface.chooseSearch),
    consent: asker.call(chatSurface.consent),
    askAgain: asker.call(chatSurface.askAgain),
    chooseModel: asker.call(chatSurface.chooseModel),
    chooseConversation: asker.call(chatSurface.chooseConversation),
    newRun: asker.call(chatSurface.newRun),
    keepDraft: asker.call(chatSurface.keepDraft),
    copy: asker.call(chatSurface.copy),
  };
}

export class Page {
  readonly #ask: Ask;
  readonly #drawn: Drawn<Own>;
  #draft = '';
  #keeping: ReturnType<typeof setTimeout> | undefined;
  state: ChatState | undefined;
  open: OpenToken | undefined;
  /** What could not even be asked of the host. */
  failure: string | undefined;

  constructor(asker: Asker, draw: (page: Page) => void) {
    this.#ask = askOf(asker);
    const beginning = { editing: null, coloured: false, settingsOpen: false };
    this.#drawn = new Drawn(ownSchema, beginning, () => draw(this));
  }

  get own(): Own {
    return this.#drawn.own;
  }

  /** What a person is typing. The host keeps it: a window that closes forgets what pages keep. */
  get draft(): string {
    return this.#draft;
  }

  set draft(text: string) {
    this.#draft = text;
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => {
      this.do((ask) => ask.keepDraft({ text }, never));
    }, KEEP);
    this.redraw();
  }

  keep(change: Partial<Own>): void {
    this.#drawn.remember(change);
  }

  /** At the next frame, once. */
  redraw(): void {
    this.#drawn.redraw();
  }

  /** Until the page ends; what ends it before is told in the page. */
  async watch(onEvent: (before: ChatState | undefined) => void): Promise<void> {
    try {
      for await (const event of this.#ask.watch({}, never)) {
        const before = this.state;
        this.#take(event);
        // Asked for first: what onEvent does in the next frame finds what is drawn in it.
        this.redraw();
        onEvent(before);
      }
    } catch (thrown) {
      this.failure = messageOf(thrown);
      this.redraw();
    }
  }

  /** Asks the host; what goes wrong there is in the state it sends, or told here. */
  do(work: (ask: Ask) => Promise<unknown>, then: () => void = () => undefined): void {
    work(this.#ask).then(
      () => {
        this.failure = undefined;
        then();
      },
      (error: unknown) => {
        if (!this.state?.problem) this.failure = messageOf(error);
        this.redraw();
      },
    );
  }

  explain(passage: number, index: number): void {
    this.do(async (ask) => {
      const explanation = await ask.explain({ passage, index }, never);
      this.open = { passage, index, explanation };
      this.redraw();
    });
  }

  close(): void {
    this.open = undefined;
    this.redraw();
  }

  #take(event: ChatEvent): void {
    if (event.kind === 'state') {
      const here = (passage: ShownPassage): boolean => passage.id === this.open?.passage;
      const token = event.path.find(here)?.tokens[this.open?.index ?? -1];
      if (!token) this.open = undefined;
      if (!this.state) this.#draft = event.draft;
      this.state = event;
      return;
    }
    const { state } = this;
    if (!state) return;
    const path = state.path.map((each) =>
      each.id === event.passage ? { ...each, tokens: [...each.tokens, ...event.tokens] } : each,
    );
    this.state = { ...state, path, contextUsed: event.contextUsed };
  }
}
