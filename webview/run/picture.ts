/** The charts as one picture, to be saved. */
import type { Chart } from './chart';
import { titleOf } from './lines';
import type { ChartName } from './lines';
import type { KnownRun } from './runState';
import type { Theme } from './theme';

/** The charts below each other, with their titles and the runs' colours, on the editor's background. */
export async function pictureOf(
  charts: readonly (readonly [ChartName, Chart])[],
  runs: readonly KnownRun[],
  theme: Theme,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const drawn = charts.flatMap(([name, { canvas }]) => (canvas ? [{ name, canvas }] : []));
  if (drawn.length === 0) return undefined;
  const scale = devicePixelRatio;
  const [title, legend] = [28 * scale, 32 * scale];
  const picture = document.createElement('canvas');
  picture.width = Math.max(...drawn.map(({ canvas }) => canvas.width));
  picture.height = drawn.reduce((sum, { canvas }) => sum + canvas.height + title, legend);
  const draw = picture.getContext('2d');
  if (!draw) return undefined;
  draw.fillStyle = theme.background;
  draw.fillRect(0, 0, picture.width, picture.height);
  draw.textBaseline = 'middle';
  draw.font = theme.font.replace(/^[\d.]+/, (size) => String(Number(size) * scale));
  let left = 12 * scale;
  for (const [index, { shown }] of runs.entries()) {
    draw.fillStyle = theme.lines[index % theme.lines.length]!;
    draw.fillRect(left, legend / 2 - 2 * scale, 14 * scale, 4 * scale);
    draw.fillStyle = theme.foreground;
    draw.fillText(shown.name, left + 20 * scale, legend / 2);
    left += 40 * scale + draw.measureText(shown.name).width;
  }
  let top = legend;
  for (const { name, canvas } of drawn) {
    draw.fillText(titleOf(name), 12 * scale, top + title / 2);
    draw.drawImage(canvas, 0, top + title);
    top += title + canvas.height;
  }
  const blob = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, 'image/png'));
  return blob ? new Uint8Array(await blob.arrayBuffer()) : undefined;
}
