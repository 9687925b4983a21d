/** Numbers as the page writes them. */
import { t } from '../shared/l10n';
import type { Axis } from './records';

const whole = new Intl.NumberFormat(document.documentElement.lang || undefined);
const compact = new Intl.NumberFormat(document.documentElement.lang || undefined, {
  notation: 'compact',
  maximumFractionDigits: 2,
});

export const MISSING = '–';

export const count = (value: number | undefined): string =>
  value === undefined ? MISSING : whole.format(value);

/** 812,288 as 812.29K. */
export const short = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? MISSING : compact.format(value);

/** A loss, and all that is of its size. */
export function measure(value: number | null | undefined, digits = 3): string {
  if (value === undefined) return MISSING;
  if (value === null || !Number.isFinite(value)) return t('not a number');
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(2)
    : value.toFixed(size >= 100 ? 1 : digits);
}

export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 1) return seconds === 0 ? '0' : t('{0} ms', Math.round(seconds * 1000));
  if (seconds < 60) return t('{0} s', Number(seconds.toFixed(seconds < 10 ? 1 : 0)));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && Math.round(seconds % 60) > 0)
    return t('{0} min {1} s', minutes, Math.floor(seconds % 60));
  if (minutes < 60) return t('{0} min', minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 48)
    return minutes % 60 === 0 ? t('{0} h', hours) : t('{0} h {1} min', hours, minutes % 60);
  return t('{0} days', Math.round(hours / 24));
}

/** A place on the horizontal axis, in words. */
export function place(axis: Axis, value: number): string {
  if (axis === 'step') return t('Step {0}', count(Math.round(value)));
  if (axis === 'tokens') return t('{0} tokens', short(Math.round(value)));
  return duration(value);
}

/** A mark of the horizontal axis. */
export const placeLabel = (axis: Axis, value: number): string =>
  axis === 'seconds' ? duration(value) : short(value);
