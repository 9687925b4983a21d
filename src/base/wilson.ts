/** Wilson's interval (1927) of 95% for a share of `hits` in `all`, which is not 0; as shares. */
export function wilson(hits: number, all: number): readonly [low: number, high: number] {
  const z = 1.959964;
  const share = hits / all;
  const centre = (share + (z * z) / (2 * all)) / (1 + (z * z) / all);
  const half =
    (z / (1 + (z * z) / all)) * Math.sqrt((share * (1 - share)) / all + (z * z) / (4 * all * all));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** `12.5% [8.1, 18.7]`; a dash where there is nothing. */
export function shareText(hits: number, all: number): string {
  if (all === 0) return '-';
  const [low, high] = wilson(hits, all).map((share) => (100 * share).toFixed(1));
  return `${((100 * hits) / all).toFixed(1)}% [${low ?? ''}, ${high ?? ''}]`;
}
