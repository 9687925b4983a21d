/** Numbers as pages write them, in the editor's language. */

const language = document.documentElement.lang || undefined;
const whole = new Intl.NumberFormat(language);
const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(language, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const precise = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });

export const count = (value: number): string => whole.format(value);
export const short = (value: number): string => compact.format(value);
export const share = (part: number, of: number): string => percent.format(of === 0 ? 0 : part / of);
export const signed = (value: number, text: (value: number) => string = count): string =>
  value === 0 ? '±0' : `${value > 0 ? '+' : '−'}${text(Math.abs(value))}`;

/** A measured value or a threshold. */
export const valueText = (value: number): string =>
  Number.isInteger(value) ? (value < 1e5 ? whole : compact).format(value) : precise.format(value);
