/**
 * A text that the engine follows, edit by edit, without VS Code: the first text goes there in slices,
 * every change after it as the next version, and questions about its tokens come back with the text's
 * state at the time they were asked.
 *
 * What the engine has is always a prefix of the text, even while a person types during the first
 * transfer: a change before the prefix's end is passed on, cut to the prefix; one behind it comes with
 * its slice. A change that inserts more than a slice makes the prefix end there. Where the engine lost
 * the text (it crashed, or versions don't fit), it is opened anew.
 */
import { GlassboxError, hasCode } from '../../base/errors';
import type {
  DocumentCount,
  DocumentTokens,
  EditDocument,
  TokenExplanation,
} from '../../protocol/documentMessages';
import type { Handlers } from '../../protocol/protocol';

/** Code units sent at once: a millisecond or two of the extension host's time. */
const SLICE = 256 * 1024;
/** A question waits until this much text behind its range is there: a token may reach into it. */
const BEHIND = 4096;
const ATTEMPTS = 3;

export interface TextSource {
  /** Of the text as it is now, in UTF-16 code units. */
  length(): number;
  /** About `limit` code units from `start`, at least one where there is one. */
  slice(start: number, limit: number): string;
}

/** A replaced stretch of the text, as VS Code tells it. */
export interface TextChange {
  readonly rangeOffset: number;
  readonly rangeLength: number;
  readonly text: string;
}

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export type DocumentRequests = Pick<
  Handlers,
  | 'openDocument'
  | 'editDocument'
  | 'documentTokens'
  | 'documentCount'
  | 'explainToken'
  | 'closeDocument'
>;

export interface MirrorOptions {
  /** Unique among the documents of this window's engine. */
  readonly name: string;
  readonly tokenizer: string;
  readonly source: TextSource;
  /** The engine, which may be another process each time. */
  readonly engine: () => Promise<DocumentRequests>;
}

/** The text as one engine process has it. */
interface Session {
  readonly document: string;
  engine: DocumentRequests | undefined;
  version: number;
  /** The engine has the text's first `sent` code units. */
  sent: number;
  loading: Promise<void> | undefined;
  /** Called whenever more was sent, or nothing more will be. */
  readonly waiting: Set<() => void>;
  failure: { readonly error: unknown } | undefined;
}

export class DocumentMirror {
  readonly tokenizer: string;
  readonly #name: string;
  readonly #source: TextSource;
  readonly #engine: () => Promise<DocumentRequests>;
  readonly #ended = new AbortController();
  #session: Session | undefined;
  #sessions = 0;

  constructor({ name, tokenizer, source, engine }: MirrorOptions) {
    this.#name = name;
    this.tokenizer = tokenizer;
    this.#source = source;
    this.#engine = engine;
  }

  /** Fulfilled once all text was sent; undefined where it was, or nobody has asked anything yet. */
  get loading(): Promise<void> | undefined {
    return this.#session?.loading;
  }

  /**
   * Takes the changes of one event, each of them told against the text before the event. Called when
   * the source has the text after them.
   */
  change(changes: readonly TextChange[]): void {
    const session = this.#session;
    if (!session?.engine || session.failure) return;
    const clipped: EditDocument['changes'] = [];
    let cutOff = false;
    // From the end to the start none of them moves another one.
    for (const { rangeOffset, rangeLength, text } of fromTheEnd(changes)) {
      if (session.loading && rangeOffset >= session.sent) continue;
      const long = text.length > SLICE;
      cutOff ||= long;
      const end = long ? session.sent : Math.min(rangeOffset + rangeLength, session.sent);
      clipped.push({ start: rangeOffset, end, text: long ? '' : text });
      session.sent += (long ? 0 : text.length) - (end - rangeOffset);
    }
    if (clipped.length > 0) void this.#edit(session, session.engine, clipped);
    if (session.loading) return;
    if (cutOff) this.#load(session, session.engine);
    // The editor told less than it changed: what is there now counts.
    else if (session.sent !== this.#source.length()) this.#drop(session);
  }

  /**
   * @throws GlassboxError what the engine's `documentTokens` throws; `cancelled` once disposed
   */
  tokens(range: TextRange): Promise<DocumentTokens> {
    return this.#ask(range.end + BEHIND, (engine, document) =>
      engine.documentTokens({ document, ...range }, this.#ended.signal),
    );
  }

  /** @param ranges absent: the whole text. */
  count(ranges?: readonly TextRange[]): Promise<DocumentCount> {
    const counted = ranges ? { ranges: ranges.map(({ start, end }) => ({ start, end })) } : {};
    const until = ranges ? Math.max(...ranges.map(({ end }) => end)) + BEHIND : Infinity;
    return this.#ask(until, (engine, document) =>
      engine.documentCount({ document, ...counted }, this.#ended.signal),
    );
  }

  explain(position: number, others: readonly string[]): Promise<TokenExplanation> {
    return this.#ask(position + BEHIND, (engine, document) =>
      engine.explainToken({ document, position, others: [...others] }, this.#ended.signal),
    );
  }

  dispose(): void {
    if (this.#session) this.#drop(this.#session);
    this.#ended.abort();
  }

  async #ask<Answer>(
    until: number,
    ask: (engine: DocumentRequests, document: string) => Promise<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const session = (this.#session ??= this.#open());
      try {
        const engine = await this.#reached(session, until);
        const answer = await ask(engine, session.document);
        if (this.#session === session && !session.failure) return answer;
        if (attempt === ATTEMPTS) throw lost();
      } catch (thrown) {
        // A question that was a bad one (there is no token there) says nothing against the session.
        const mendable = RECOVERABLE.some((code) => hasCode(thrown, code));
        if (mendable || session.failure) this.#drop(session);
        if (this.#ended.signal.aborted || attempt === ATTEMPTS || !mendable) throw thrown;
      }
    }
  }

  #open(): Session {
    if (this.#ended.signal.aborted)
      throw new GlassboxError('cancelled', 'The document has been closed.');
    const session: Session = {
      document: `${this.#name}#${this.#sessions++}`,
      ...{ engine: undefined, version: 0, sent: 0, loading: undefined, failure: undefined },
      waiting: new Set(),
    };
    session.loading = this.#start(session).then(
      () => this.#loaded(session),
      (error: unknown) => this.#fail(session, error),
    );
    return session;
  }

  async #start(session: Session): Promise<void> {
    const engine = await this.#engine();
    const { document } = session;
    await engine.openDocument({ document, tokenizer: this.tokenizer }, this.#ended.signal);
    session.engine = engine;
    wake(session);
    await this.#send(session, engine);
  }

  /** Sends what is missing at the end; whoever waits for less goes on before. */
  async #send(session: Session, engine: DocumentRequests): Promise<void> {
    while (session.sent < this.#source.length() && !session.failure) {
      const text = this.#source.slice(session.sent, SLICE);
      const start = session.sent;
      session.sent += text.length;
      const arrived = this.#edit(session, engine, [{ start, end: start, text }]);
      wake(session);
      await arrived;
    }
  }

  #load(session: Session, engine: DocumentRequests): void {
    session.loading = this.#send(session, engine).then(
      () => this.#loaded(session),
      (error: unknown) => this.#fail(session, error),
    );
  }

  #loaded(session: Session): void {
    session.loading = undefined;
    wake(session);
  }

  async #edit(
    session: Session,
    engine: DocumentRequests,
    changes: EditDocument['changes'],
  ): Promise<void> {
    const { document } = session;
    try {
      const edit = { document, version: ++session.version, changes };
      await engine.editDocument(edit, this.#ended.signal);
    } catch (error) {
      this.#fail(session, error);
    }
  }

  /** Fulfilled once the engine was sent the first `until` code units, or all that there are. */
  async #reached(session: Session, until: number): Promise<DocumentRequests> {
    for (;;) {
      if (session.failure) throw session.failure.error;
      const { engine, sent, loading } = session;
      if (engine && (!loading || sent >= until)) return engine;
      await new Promise<void>((woken) => session.waiting.add(woken));
    }
  }

  #fail(session: Session, error: unknown): void {
    session.failure ??= { error };
    session.loading = undefined;
    wake(session);
  }

  #drop(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    const { engine, document } = session;
    this.#fail(session, lost());
    // An engine that is gone has nothing to close.
    engine?.closeDocument({ document }, new AbortController().signal).catch(() => undefined);
  }
}

/** What opening the document anew can mend. */
const RECOVERABLE = [
  'document-version',
  'document-unknown',
  'document-range',
  'document-lost',
  'worker-ended',
  'engine-ended',
];

function lost(): GlassboxError {
  return new GlassboxError('document-lost', 'The engine lost the document.', {
    remedy: 'Hide the tokens and show them again.',
  });
}

/** Those at one place stay in the order in which they were told. */
function fromTheEnd(changes: readonly TextChange[]): TextChange[] {
  return [...changes].sort((a, b) => b.rangeOffset - a.rangeOffset);
}

function wake(session: Session): void {
  const woken = [...session.waiting];
  session.waiting.clear();
  for (const each of woken) each();
}
