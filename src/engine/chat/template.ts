/**
 * A chat template: Jinja, as Hugging Face's tokenizers carry it. `{% generation %}` and
 * `{% endgeneration %}` around what the assistant says are understood as transformers understands
 * them, and give the spans that are to be learnt. A template that does not come to an end is stopped.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';

/** Nodes evaluated, and numbers in ranges, for one conversation: more than any real one needs. */
const MOST_STEPS = 2_000_000;
/** UTF-16 code units of what is written: a few steps can double a text until the memory is full. */
const MOST_TEXT = 50_000_000;

type Evaluated = Parameters<Interpreter['evaluate']>;

class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(...[statement, environment]: Evaluated): ReturnType<Interpreter['evaluate']> {
    this.spend(1);
    return super.evaluate(statement, environment);
  }

  spend(steps: number): void {
    this.#steps += steps;
    if (!(this.#steps <= MOST_STEPS)) throw new Error('it does not come to an end');
  }
}

export class ChatTemplate {
  readonly source: string;
  /** Whether the template says itself what the assistant's part is. */
  readonly marked: boolean;
  readonly #program: ReturnType<typeof parse>;

  /** @throws GlassboxError `chat-template` where it is no Jinja */
  constructor(source: string) {
    this.source = source;
    this.marked = /\{%[-+]?\s*generation\s*[-+]?%\}/.test(source);
    // Between two blocks, so that white space is stripped and trimmed around them as around one.
    const written = source.replace(
      /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g,
      (_, left: string, end: string | undefined, right: string) =>
        end === undefined
          ? `{%${left} if true %}{{ opens_answer }}{% if true ${right}%}`
          : `{%${left} endif %}{{ closes_answer }}{% endif ${right}%}`,
    );
    try {
      this.#program = parse(tokenize(written, { lstrip_blocks: true, trim_blocks: true }));
    } catch (cause) {
      throw new GlassboxError(
        'chat-template',
        `The chat template is damaged: ${messageOf(cause)}`,
        {
          remedy: 'Correct it, or use one of chatml, llama3 and nanochat.',
          cause,
        },
      );
    }
  }

  /** @throws GlassboxError `chat-template` where the template refuses, or does not come to an end */
  render(variables: Readonly<Record<string, unknown>>): string {
    const environment = new Environment();
    const interpreter = new BoundedInterpreter(environment);
    const range = (from: unknown, to?: unknown, by: unknown = 1): number[] => {
      const [start, end] = typeof to === 'number' ? [Number(from), to] : [0, Number(from)];
      const step = typeof by === 'number' ? by : 1;
      const count = Math.max(0, Math.ceil((end - start) / step));
      interpreter.spend(count);
      return Array.from({ length: count }, (_, i) => start + i * step);
    };
    const globals = {
      ...{ true: true, false: false, none: null, True: true, False: false, None: null },
      // transformers gives every template both, and templates ask whether they are none.
      ...{ tools: null, documents: null },
      range,
      raise_exception: (message: unknown) => {
        throw new Error(String(message));
      },
      strftime_now: (format: unknown) => timeAs(String(format), new Date()),
      ...variables,
    };
    try {
      for (const [name, value] of Object.entries(globals)) environment.set(name, value);
      const written = z.string().parse(interpreter.run(this.#program).value);
      if (written.length > MOST_TEXT) throw new Error('what it writes is too long');
      return written;
    } catch (cause) {
      throw new GlassboxError(
        'chat-template',
        `The chat template cannot write this conversation: ${messageOf(cause)}`,
        {
          remedy:
            'Check that roles take turns, beginning with the user, or leave out the system message.',
          cause,
        },
      );
    }
  }
}

/** What templates ask of C's strftime. */
function timeAs(format: string, time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const month = (length: 'long' | 'short'): string =>
    new Intl.DateTimeFormat('en', { month: length }).format(time);
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(time.getFullYear()),
    m: () => two(time.getMonth() + 1),
    d: () => two(time.getDate()),
    b: () => month('short'),
    B: () => month('long'),
    H: () => two(time.getHours()),
    M: () => two(time.getMinutes()),
    '%': () => '%',
  };
  return format.replace(/%(.)/g, (whole, name: string) => parts[name]?.() ?? whole);
}
