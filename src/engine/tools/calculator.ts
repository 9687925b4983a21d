/**
 * Arithmetic on exact fractions, read by a parser of its own:
 *
 *   sum     = product { ("+" | "-") product }
 *   product = signed { ("*" | "/" | "%") signed }
 *   signed  = [ "-" | "+" ] signed | power
 *   power   = atom [ ("^" | "**") signed ]        to the right: 2^3^2 is 2^9
 *   atom    = number | "(" sum ")"
 *
 * Numbers are 12, 1,234, 0.5, .5 and 2e-3. × ÷ − are read as * / -.
 *
 * Not covered: roots, functions, names, units. What is no fraction is nothing to be exact about.
 */
import {
  add,
  divide,
  multiply,
  negate,
  power,
  rational,
  remainder,
  show,
  subtract,
} from './rational';
import type { Rational } from './rational';
import type { Tool } from './tool';

const LONGEST = 1000;
const DEEPEST = 100;
const LARGEST_EXPONENT = 1000;

export const calculator: Tool = {
  name: 'calculator',
  description: 'computes + - * / % ^ and brackets exactly, such as (12 + 30) / 4',
  input: { name: 'expression', description: 'what is to be computed' },
  run: (input) => Promise.resolve().then(() => calculate(input)),
};

/** @throws Error that says what is wrong where */
export function calculate(text: string): string {
  if (text.length > LONGEST) throw new Error(`longer than ${LONGEST} characters`);
  return show(new Parser(text).whole());
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  whole(): Rational {
    if (this.#tokens.length === 0) throw new Error('nothing to compute');
    const value = this.#sum();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Error(`unexpected ${rest}`);
    return value;
  }

  #sum(): Rational {
    let value = this.#product();
    for (let sign = this.#take('+', '-'); sign; sign = this.#take('+', '-'))
      value = (sign === '+' ? add : subtract)(value, this.#product());
    return value;
  }

  #product(): Rational {
    let value = this.#signed();
    for (let sign = this.#take('*', '/', '%'); sign; sign = this.#take('*', '/', '%'))
      value = (sign === '*' ? multiply : sign === '/' ? divide : remainder)(value, this.#signed());
    return value;
  }

  #signed(): Rational {
    return this.#deeper(() => {
      const sign = this.#take('-', '+');
      if (sign === undefined) return this.#power();
      return sign === '-' ? negate(this.#signed()) : this.#signed();
    });
  }

  #power(): Rational {
    const base = this.#atom();
    return this.#take('^') ? power(base, this.#signed()) : base;
  }

  #atom(): Rational {
    if (this.#take('(')) {
      const value = this.#sum();
      if (!this.#take(')')) throw new Error('a bracket is not closed');
      return value;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('it ends too early');
    if (!/\d/.test(token)) throw new Error(`unexpected ${token}`);
    this.#at++;
    return numberOf(token);
  }

  #take(...signs: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !signs.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw new Error('nested too deeply');
    const value = read();
    this.#depth--;
    return value;
  }
}

const NUMBER =
  /(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?/y;
const SIGNS: Readonly<Record<string, string>> = { '×': '*', '÷': '/', '−': '-', '**': '^' };

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    const sign = text.startsWith('**', at) ? '**' : text[at]!;
    const found = number ?? sign;
    at += found.length;
    if (number !== undefined) tokens.push(number);
    else if ('+-*/%^()×÷−'.includes(sign) || sign === '**') tokens.push(SIGNS[sign] ?? sign);
    else if (!/\s/.test(sign))
      throw new Error(`${JSON.stringify(sign)} is nothing to compute with`);
  }
  return tokens;
}

function numberOf(token: string): Rational {
  const [mantissa = '', exponent = '0'] = token.replaceAll(',', '').toLowerCase().split('e');
  const [whole = '', decimals = ''] = mantissa.split('.');
  const shift = Number(exponent) - decimals.length;
  if (Math.abs(shift) > LARGEST_EXPONENT) throw new Error('the number is too long');
  const digits = BigInt(`${whole}${decimals}`);
  return shift >= 0
    ? rational(digits * 10n ** BigInt(shift))
    : rational(digits, 10n ** BigInt(-shift));
}
