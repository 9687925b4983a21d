/** Readers of option values: each says what it expected. */
import { InvalidArgumentError, Option } from 'commander';
import type { ConverseRequest } from '../../protocol/chatMessages';

const WHOLE = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A whole number within bounds, both included. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (WHOLE.test(text.trim()) && value >= low && value <= high) return value;
    const range = high >= Number.MAX_SAFE_INTEGER ? `${low} or more` : `from ${low} to ${high}`;
    throw new InvalidArgumentError(`Expected a whole number, ${range}.`);
  };
}

/** A number within bounds, both included; `above` leaves the lower one out. */
export function decimal(low: number, high: number, above = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const enough = above ? value > low : value >= low;
    if (NUMBER.test(text.trim()) && enough && value <= high) return value;
    const from = above ? `more than ${low}` : `${low} or more`;
    const to = high === Infinity ? '' : `, at most ${high}`;
    throw new InvalidArgumentError(`Expected a number, ${from}${to}.`);
  };
}

/** Token ids as people and programs write them: `1,2,3`, `1 2 3`, `[1,2,3]`. Undefined if not. */
export function parseIds(text: string): number[] | undefined {
  const bare = text.trim().replace(/^\[([^[\]]*)\]$/, '$1');
  const words = bare.split(/[\s,]+/).filter((word) => word !== '');
  const ids = words.map(Number);
  const valid = words.every((word, i) => /^\d+$/.test(word) && ids[i]! <= 0x7fff_ffff);
  return valid ? ids : undefined;
}

/** `--ids`: at least one. */
export function idList(text: string): number[] {
  const ids = parseIds(text);
  if (ids !== undefined && ids.length > 0) return ids;
  throw new InvalidArgumentError('Expected token ids divided by commas, as in 1,2,3.');
}

/** `--tools`: names divided by commas, `search` with the folder where it looks. */
export function toolList(text: string): NonNullable<ConverseRequest['tools']> {
  return text.split(',').map((part) => {
    const [, word = '', folder] = /^\s*(\w*)\s*(?:=(.*))?$/.exec(part) ?? [];
    const name = TOOLS.find((each) => each === word);
    if (name === undefined || (name === 'search') !== (folder !== undefined && folder !== ''))
      throw new InvalidArgumentError(
        'Expected calculator, search=FOLDER or javascript, divided by commas.',
      );
    return name === 'search' ? { name, folder } : { name };
  });
}

const TOOLS = ['calculator', 'search', 'javascript'] as const;

export const MANY = Number.MAX_SAFE_INTEGER;
export const SEED = wholeNumber(0, 0xffff_ffff);

/** A new one each time: commander keeps state in options. */
export const backendOption = (): Option =>
  new Option('--backend <name>', 'what computes; a backend asked for by name is never replaced')
    .choices(['auto', 'onnx', 'webgpu', 'reference'])
    .default('auto');

export const epochsOption = (): Option =>
  new Option('--epochs <n>', 'how many times all of the data are gone through, in place of --steps')
    .argParser(decimal(0, 1_000_000, true))
    .conflicts('steps');

export const precisionOption = (): Option =>
  new Option(
    '--precision <name>',
    'what products multiply: f32, or f16 on a GPU that has half floats; auto is f32',
  )
    .choices(['auto', 'f32', 'f16'])
    .default('auto');
