/**
 * Reads a message while a model writes it: which of its tokens are said, and which are a call of a tool.
 * Where no token opens calls, those at the beginning are kept back until it is known what they begin: a
 * call names a tool that there is, or holds arguments; any other JSON is an answer.
 */
import type { TokenStep } from '../infer/infer';
import { holdsArguments } from './toolCalls';
import type { CallForm } from './toolCalls';

/** A token of the answer, or of a call: those that open and close it are its own. */
export interface ConverseToken extends TokenStep {
  readonly within?: 'call' | undefined;
}

export interface ReaderParts {
  /** How the model calls tools, if it may. */
  readonly form: CallForm | undefined;
  /** The tools that it may call. */
  readonly tools: readonly string[];
  /** The tokens that end an answer. */
  readonly endIds: ReadonlySet<number>;
  readonly decode: (ids: readonly number[]) => string;
}

export class MessageReader {
  readonly #parts: ReaderParts;
  #said: number[] = [];
  #call: number[] | undefined;
  #last: number | undefined;
  #undecided: boolean;
  #kept: TokenStep[] = [];
  #text = '';

  /** @param given what was written of the message before. */
  constructor(parts: ReaderParts, given: readonly number[]) {
    this.#parts = parts;
    this.#undecided = parts.form?.begins !== undefined;
    for (const id of given) this.#take(id);
    if (given.length > 0) this.#text = parts.decode(this.#said);
  }

  /** What is said, without the call. */
  get text(): string {
    return this.#text;
  }

  /** What stands in the call that was opened last. */
  get call(): string | undefined {
    return this.#call && this.#parts.decode(this.#call);
  }

  /** Whether what was written last closes a call, opened or not. */
  get closed(): boolean {
    const { form } = this.#parts;
    if (this.#last === undefined || !form) return false;
    // A message that is nothing but a call is closed by whatever ends it.
    return form.opens === undefined
      ? this.#call !== undefined && this.#ends(this.#last)
      : this.#last === form.closes;
  }

  /** The tokens of which it is known now what they belong to. */
  *read(step: TokenStep): Generator<ConverseToken, void, void> {
    this.#take(step.id);
    this.#kept.push(step);
    if (!this.#undecided) yield* this.#tell();
  }

  /** Nothing follows. */
  *end(): Generator<ConverseToken, void, void> {
    this.#undecided = false;
    yield* this.#tell();
  }

  *#tell(): Generator<ConverseToken, void, void> {
    const kept = this.#kept;
    this.#kept = [];
    for (const step of kept) {
      if (this.#call === undefined) this.#text += step.text;
      yield this.#call === undefined ? step : { ...step, within: 'call' };
    }
  }

  #take(id: number): void {
    this.#last = id;
    if (id === this.#parts.form?.opens) this.#call = [];
    else if (!this.#ends(id)) (this.#call ?? this.#said).push(id);
    if (this.#undecided) this.#decide(this.#ends(id));
  }

  #decide(ended: boolean): void {
    const { form, tools, decode } = this.#parts;
    const { begins = '' } = form ?? {};
    const text = decode(this.#said);
    const said = text.replace(/\s/g, '');
    const named = tools.some((name) => said.startsWith(`${begins}${name}"`));
    if (named || (ended && said.startsWith(begins) && holdsArguments(text)))
      [this.#call, this.#said, this.#text] = [this.#said, [], ''];
    const maybe = begins.startsWith(said) || said.startsWith(begins);
    this.#undecided = this.#call === undefined && !ended && maybe;
  }

  #ends(id: number): boolean {
    return id === this.#parts.form?.closes || this.#parts.endIds.has(id);
  }
}
