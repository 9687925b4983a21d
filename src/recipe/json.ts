/**
 * JSON with the place of a mistake. `JSON.parse` decides what is JSON; its messages differ between
 * versions of Node and often name no place, so a scanner finds the first character that cannot be.
 * The scanner holds no values and does not recurse: any depth of nesting is harmless.
 */
export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      /** Counted from 1; columns in UTF-16 code units, as editors count them. */
      readonly line: number;
      readonly column: number;
      /** What should have stood there. */
      readonly expected: string;
    };

export function parseJson(text: string): ParsedJson {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    const value: unknown = JSON.parse(body);
    return { ok: true, value };
  } catch {
    const { index, expected } = findMistake(body);
    const before = body.slice(0, index);
    const line = before.split('\n').length;
    return { ok: false, line, column: index - before.lastIndexOf('\n'), expected };
  }
}

const SPACE = /[ \t\r\n]*/y;
const ATOM = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids exactly these in a string.
const STRING_PART = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;

interface Mistake {
  readonly index: number;
  readonly expected: string;
}

/** What the scanner waits for: `first...` may also be the end of an empty list or object. */
type Wanted = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'next' | 'end';

function findMistake(text: string): Mistake {
  const open: ('[' | '{')[] = [];
  let index = 0;
  let wanted: Wanted = 'value';

  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = index;
    const matched = pattern.test(text);
    const moved = matched && pattern.lastIndex > index;
    if (matched) index = pattern.lastIndex;
    return moved;
  };
  const close = (): void => {
    index++;
    open.pop();
    wanted = open.length === 0 ? 'end' : 'next';
  };
  /** Past the string that begins here, or where it goes wrong. */
  const string = (): Mistake | undefined => {
    index++;
    skip(STRING_PART);
    if (text[index] === '"') {
      index++;
      return undefined;
    }
    if (text[index] === '\\') return { index, expected: 'an escape that JSON does not have' };
    return { index, expected: 'the string is not closed on its line; expected a "' };
  };

  for (;;) {
    skip(SPACE);
    const character = text[index];
    switch (wanted) {
      case 'end':
        return { index, expected: 'expected nothing more after the end of the JSON' };
      case 'colon':
        if (character !== ':') return { index, expected: 'expected a colon after the key' };
        index++;
        wanted = 'value';
        break;
      case 'next': {
        const inList = open.at(-1) === '[';
        if (character === (inList ? ']' : '}')) {
          close();
        } else if (character === ',') {
          index++;
          wanted = inList ? 'value' : 'key';
        } else {
          return { index, expected: `expected a comma or ${inList ? ']' : '}'}` };
        }
        break;
      }
      case 'key':
      case 'first key': {
        if (wanted === 'first key' && character === '}') {
          close();
          break;
        }
        if (character !== '"') {
          const trailing = character === '}' ? ' (a comma before } is one too many)' : '';
          return { index, expected: `expected a key in double quotes${trailing}` };
        }
        const mistake = string();
        if (mistake) return mistake;
        wanted = 'colon';
        break;
      }
      case 'value':
      case 'first value': {
        if (wanted === 'first value' && character === ']') {
          close();
        } else if (character === '{' || character === '[') {
          open.push(character);
          index++;
          wanted = character === '{' ? 'first key' : 'first value';
        } else {
          if (character === '"') {
            const mistake = string();
            if (mistake) return mistake;
          } else if (!skip(ATOM)) {
            const trailing = character === ']' ? ' (a comma before ] is one too many)' : '';
            return { index, expected: `expected a value${trailing}` };
          }
          wanted = open.length === 0 ? 'end' : 'next';
        }
        break;
      }
    }
  }
}
