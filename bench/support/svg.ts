/** Pieces of the pictures that a benchmark draws: plain SVG on white, so that it can be read on any page. */

export const COLOURS = {
  ink: '#1f2933',
  soft: '#8a94a0',
  kept: '#0a7ea4',
  gone: '#d9dee3',
  line: '#c2410c',
};

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly isStruck?: boolean;
}

export function textAt(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 13, colour = COLOURS.ink, anchor = 'start', isStruck = false } = style;
  const struck = isStruck ? ' text-decoration="line-through"' : '';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${colour}" text-anchor="${anchor}"${struck}>${escaped(text)}</text>`;
}

export const bar = (x: number, y: number, width: number, height: number, colour: string): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${colour}"/>`;

export const stroke = (
  points: readonly (readonly [number, number])[],
  colour: string,
  width = 2,
): string =>
  `<polyline points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="${width}"/>`;

export function picture(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif"><title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}
