/**
 * Text for a terminal: colours that can be switched off, widths in columns, wrapping, and cleaning of
 * text that somebody (or a model) else wrote, so that it cannot move the cursor or recolour the
 * screen.
 */

/** Named looks from the sixteen colours that every theme defines. */
export interface Style {
  readonly colour: boolean;
  bold(text: string): string;
  dim(text: string): string;
  train(text: string): string;
  validation(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export function styleFor(colour: boolean): Style {
  const look =
    (open: number, close: number) =>
    (text: string): string =>
      colour && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    colour,
    bold: look(1, 22),
    dim: look(2, 22),
    train: look(36, 39),
    validation: look(33, 39),
    good: look(32, 39),
    bad: look(31, 39),
  };
}

// eslint-disable-next-line no-control-regex -- the escape character begins every one of our styles.
const STYLES = /\u001b\[\d+m/g;

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that one code point takes: 0 for marks, 2 for East Asian and emoji, else 1. */
function columnsOf(character: string): number {
  if (character.length === 1 && character < '\u0300') return 1;
  if (/^[\p{M}\p{Cf}]$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that a text takes on one line, our styles not counted. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(STYLES, '')) width += columnsOf(character);
  return width;
}

/** The beginning of an unstyled text that fits into `columns`, with an ellipsis if some is missing. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** One line of text without anything that a terminal would obey; line ends become a pilcrow. */
export function clean(text: string): string {
  return (
    text
      .replace(/\s*\n\s*/g, ' ¶ ')
      .replace(/\s/gu, ' ')
      // Control, format (also those that turn the writing direction) and unassigned characters.
      .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '·')
  );
}

/** An unstyled line broken into lines of at most `columns`, between words where there are any. */
export function wrap(text: string, columns: number): string[] {
  const room = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  let width = 0;
  const flush = (): void => {
    lines.push(line.trimEnd());
    line = '';
    width = 0;
  };
  for (const word of text.match(/ *[^ ]+| +$/g) ?? []) {
    if (width > 0 && width + widthOf(word) > room) flush();
    for (const character of width === 0 && lines.length > 0 ? word.trimStart() : word) {
      const columnsHere = columnsOf(character);
      if (width + columnsHere > room && width > 0) flush();
      line += character;
      width += columnsHere;
    }
  }
  if (width > 0 || lines.length === 0) flush();
  return lines;
}

/** Thousands divided: 1,234,567. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

/** A count in three digits: 950, 1.05M, 275k. */
export function short(value: number): string {
  for (const [unit, letter] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (value >= unit * 0.9995) return `${(value / unit).toPrecision(3)}${letter}`;
  return String(Math.round(value));
}

/** A time span: 0:07, 12:34, 1:02:03. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
