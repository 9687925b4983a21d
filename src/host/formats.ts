/** Numbers as they stand in trees, the status bar and lists: short, in units that need no translation. */

/** `45 s`, `3 min`, `2 h 5 min`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} d`;
}

/** `640 kB`, `12 MB`, `1.5 GB`. */
export function bytesText(bytes: number): string {
  if (bytes < 999_500) return `${Math.ceil(bytes / 1e3)} kB`;
  if (bytes < 999_500_000) return `${significant(bytes / 1e6)} MB`;
  return `${significant(bytes / 1e9)} GB`;
}

/** `950`, `13k`, `1.1M`, `124M`, `7B`. */
export function countText(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_500) return `${significant(count / 1e3)}k`;
  if (count < 999_500_000) return `${significant(count / 1e6)}M`;
  return `${significant(count / 1e9)}B`;
}

/** A loss as people compare them; null (what JSON makes of NaN) is no number. */
export function lossText(loss: number | null): string {
  return loss === null ? 'NaN' : loss.toFixed(2);
}

/** Two digits, or all before the point. */
function significant(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}
