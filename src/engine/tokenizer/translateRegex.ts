/**
 * Turns a regular expression as tokenizer files write it (Oniguruma's syntax, which Hugging Face
 * uses; the same text is valid in Rust's, but for `{n,m}+`) into a JavaScript one.
 *
 * What differs: `\s`, `\d`, `\w` are Unicode's; `^` and `$` are those of a line, `\A` and `\z` of
 * the text; `(?i:...)` is spelled out, because Node 20 has no modifiers; possessive quantifiers and
 * atomic groups become a look-ahead and a back reference. Groups don't capture. Not covered, and an
 * error that names the construct: back references, conditionals, recursion, `\X`, `\G`, `\K`, `\h`,
 * extended mode, and case-insensitive \p{Lu}, \p{Ll}, \p{Lt}.
 */
import { GlassboxError } from '../../base/errors';
import { ASSERTIONS, CONTROL, POSIX, SETS, literal, memberRange } from './regexParts';

const DEEPEST = 100;
const LONGEST = 100_000;

/**
 * The JavaScript expression, global, for a tokenizer file's `source`.
 *
 * @throws GlassboxError `tokenizer-pattern` naming what cannot be translated, and where
 */
export function translateRegex(source: string): RegExp {
  if (source.length > LONGEST) {
    throw new GlassboxError('tokenizer-pattern', 'The regular expression is too long.', {
      details: { length: source.length, longest: LONGEST },
    });
  }
  const translated = new Translator(source).translate();
  try {
    return new RegExp(translated, 'gv');
  } catch (cause) {
    throw new GlassboxError(
      'tokenizer-pattern',
      `The regular expression ${quoted(source)} cannot be used here.`,
      { remedy: 'Check its syntax.', details: { source, translated }, cause },
    );
  }
}

class Translator {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #atomic = 0;
  #lookBehind = 0;

  constructor(source: string) {
    this.#source = source;
  }

  translate(): string {
    const result = this.#alternation(false);
    if (this.#at < this.#source.length) this.#fail('an unmatched )');
    return result;
  }

  #alternation(anyCase: boolean): string {
    if (++this.#depth > DEEPEST) this.#fail('groups that are nested too deeply');
    let fold = anyCase;
    let result = '';
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      if (this.#take('|')) {
        result += '|';
        continue;
      }
      // `(?i)` holds to the end of the group that it stands in.
      const flags = /\(\?(-?)i\)/y;
      flags.lastIndex = this.#at;
      const found = flags.exec(this.#source);
      if (found) {
        this.#at = flags.lastIndex;
        fold = found[1] === '';
        continue;
      }
      result += this.#quantified(fold);
    }
    this.#depth--;
    return result;
  }

  #quantified(anyCase: boolean): string {
    let result = this.#atom(anyCase);
    for (;;) {
      const pattern = /(?:([*+?])|(\{(?:\d+(?:,\d*)?|,\d+)\}))([?+]?)/y;
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#source);
      if (!found) return result;
      this.#at = pattern.lastIndex;
      const interval = found[2]?.replace('{,', '{0,');
      const quantifier = found[1] ?? interval ?? '';
      const suffix = found[3] ?? '';
      if (suffix !== '+') result = `(?:${result}${quantifier}${suffix})`;
      // Oniguruma reads `{n,m}+` as "that, once or more", not as a possessive quantifier.
      else if (interval !== undefined) result = `(?:(?:${result}${interval})+)`;
      else result = this.#atomicGroup(`${result}${quantifier}`);
    }
  }

  #atomicGroup(inner: string): string {
    if (this.#lookBehind > 0) this.#fail('an atomic group within a look-behind');
    const name = `atomic${this.#atomic++}`;
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  }

  #atom(anyCase: boolean): string {
    const start = this.#at;
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group(anyCase);
      case '[':
        return this.#class(anyCase);
      case '.':
        return '[^\\n]';
      case '^':
        return '(?<![^\\n])';
      case '$':
        return '(?![^\\n])';
      case '\\':
        return this.#escape(anyCase);
      case '*':
      case '+':
      case '?':
        this.#at = start;
        return this.#fail('a quantifier with nothing before it');
      default:
        return literal(character, anyCase);
    }
  }

  #group(anyCase: boolean): string {
    const pattern = /\?(?::|=|!|<=|<!|>|(-?)i:|P?<[A-Za-z_]\w*>)/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (!found && this.#source[this.#at] === '?') this.#fail('a group of this kind');
    const kind = found?.[0] ?? '';
    this.#at += kind.length;

    const fold = kind.endsWith('i:') ? found?.[1] === '' : anyCase;
    const behind = kind === '?<=' || kind === '?<!';
    if (behind) this.#lookBehind++;
    const inner = this.#alternation(fold);
    if (behind) this.#lookBehind--;
    if (!this.#take(')')) this.#fail('a ( without its )');

    if (kind === '?>') return this.#atomicGroup(inner);
    if (behind || kind === '?=' || kind === '?!') return `(${kind}${inner})`;
    return `(?:${inner})`;
  }

  #escape(anyCase: boolean): string {
    const start = this.#at;
    const character = this.#next();
    const assertion = ASSERTIONS[character];
    if (assertion !== undefined) return assertion;
    if (character === 'R') return '(?:\\r\\n|[\\n-\\r\\u0085\\u2028\\u2029])';
    this.#at = start;
    const set = this.#setEscape(anyCase);
    return set === undefined ? literal(this.#characterEscape(), anyCase) : `[${set}]`;
  }

  /** An escape that stands for a set, as a member of a class; undefined where it is a character. */
  #setEscape(anyCase: boolean): string | undefined {
    const character = this.#source[this.#at] ?? '';
    const lower = character.toLowerCase();
    const set = SETS[lower];
    if (set !== undefined) {
      this.#at++;
      return character === lower ? set : `[^${set}]`;
    }
    if (lower !== 'p') return undefined;

    const pattern = /[pP](?:\{(\^?)([\w =-]+)\}|([A-Z]))/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (!found) return this.#fail('this character property');
    const name = found[2] ?? found[3] ?? '';
    if (anyCase && /^(?:Lu|Ll|Lt|Uppercase|Lowercase)$/.test(name)) {
      this.#fail(`\\p{${name}} without regard to case`);
    }
    const property = [name, `Script=${name}`].find((candidate) => {
      try {
        return new RegExp(`\\p{${candidate}}`, 'v');
      } catch {
        return false;
      }
    });
    if (property === undefined) return this.#fail(`the character property ${name}`);
    this.#at = pattern.lastIndex;
    const negated = (character === 'P') !== (found[1] === '^');
    return `\\${negated ? 'P' : 'p'}{${property}}`;
  }

  /** An escape that stands for one character: that character. */
  #characterEscape(): string {
    const pattern = /x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found) {
      const point = parseInt(found[1] ?? found[2] ?? found[3] ?? '', 16);
      if (point > 0x10ffff) this.#fail('a character beyond U+10FFFF');
      this.#at = pattern.lastIndex;
      return String.fromCodePoint(point);
    }
    const start = this.#at;
    const character = this.#next();
    const control = CONTROL[character];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(character)) {
      this.#at = start;
      this.#fail(`\\${character}`);
    }
    return character;
  }

  /** A class after its `[`; what is nested and intersected stays so. */
  #class(anyCase: boolean): string {
    if (++this.#depth > DEEPEST) this.#fail('classes that are nested too deeply');
    const negation = this.#take('^') ? '^' : '';
    const operands: string[] = [];
    let members = '';
    let first = true;
    for (;;) {
      if (this.#at >= this.#source.length) this.#fail('a [ without its ]');
      if (!first && this.#take(']')) break;
      first = false;
      if (this.#take('&&')) {
        operands.push(members);
        members = '';
      } else {
        members += this.#member(anyCase);
      }
    }
    operands.push(members);
    this.#depth--;
    if (operands.length === 1) return `[${negation}${members}]`;
    return `[${negation}${operands.map((operand) => `[${operand}]`).join('&&')}]`;
  }

  #member(anyCase: boolean): string {
    const posix = /\[:(\^?)([a-z]+):\]/y;
    posix.lastIndex = this.#at;
    const found = posix.exec(this.#source);
    if (found) {
      const set = POSIX.get(found[2] ?? '');
      if (set === undefined) return this.#fail(found[0]);
      this.#at = posix.lastIndex;
      return found[1] === '^' ? `[^${set}]` : set;
    }
    if (this.#take('[')) return this.#class(anyCase);
    if (this.#source[this.#at] === '\\') {
      this.#at++;
      const set = this.#setEscape(anyCase);
      if (set !== undefined) return set;
      this.#at--;
    }
    const from = this.#memberCharacter();
    const range = /-(?![\][])/y;
    range.lastIndex = this.#at;
    if (!range.test(this.#source) || /\\[sdwpSDWP]/y.test(this.#source.slice(this.#at + 1))) {
      return memberRange(from, from, anyCase);
    }
    this.#at++;
    const to = this.#memberCharacter();
    if (to.codePointAt(0)! < from.codePointAt(0)!) this.#fail('a range that runs backwards');
    return memberRange(from, to, anyCase);
  }

  #memberCharacter(): string {
    return this.#take('\\') ? this.#characterEscape() : this.#next();
  }

  #next(): string {
    const point = this.#source.codePointAt(this.#at);
    if (point === undefined) return this.#fail('an unfinished end');
    this.#at += point > 0xffff ? 2 : 1;
    return String.fromCodePoint(point);
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #fail(what: string): never {
    throw new GlassboxError(
      'tokenizer-pattern',
      `The regular expression ${quoted(this.#source)} has ${what} at position ${this.#at}, which Glassbox cannot translate.`,
      {
        remedy: 'Write the expression without it, or use one of the patterns gpt2, cl100k, o200k.',
        details: { source: this.#source, position: this.#at },
      },
    );
  }
}

function quoted(source: string): string {
  return JSON.stringify(source.length > 200 ? `${source.slice(0, 200)}...` : source);
}
