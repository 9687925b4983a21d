/**
 * RMSNorm and its gradient (Zhang and Sennrich, 2019): a workgroup takes a row, each lane its columns
 * of it, four at a time where the width allows; they stay in registers, so that a row is read once
 * although it is needed before and after its sum is known.
 *
 * Bound by bytes. Forward: x in, y out. Backward: x and the gradient in, dx out; a workgroup takes a
 * block of rows and adds up the block's share of the weight's gradient in registers while it has both
 * at hand (a kernel of its own would read x and the gradient again: 5 streams of memory instead of 3).
 * The shares are then added up by `reduce`, always in the same order.
 */
import { GROUP, kernel, LANES, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import { overLanes } from './reduce';

/** Lane l of `lanes` holds the elements l, l + lanes, ... of a row of `count` elements of `type`. */
interface Row {
  readonly type: 'f32' | 'vec4f';
  readonly count: number;
  readonly lanes: number;
  /** WGSL that declares a variable for each element that a lane holds. */
  readonly declare: (...names: string[]) => string;
  /** WGSL for each element that a lane holds: its number `i`, and its place `c` in the row. */
  readonly each: (statement: (i: number) => string) => string;
  /** WGSL: the sum of an element's components. */
  readonly sum: (value: string) => string;
}

function rowOf(width: number): Row {
  const wide = width % 4 === 0;
  const type = wide ? 'vec4f' : 'f32';
  const count = wide ? width / 4 : width;
  const lanes = Math.min(LANES, Math.max(32, 2 ** Math.floor(Math.log2(count))));
  const held = Array.from({ length: Math.ceil(count / lanes) }, (_, i) => i);
  return {
    ...{ type, count, lanes },
    declare: (...names) =>
      held.map((i) => names.map((name) => `var ${name}${i} = ${type}();`).join(' ')).join('\n  '),
    each: (statement) =>
      held
        .map((i) => {
          const inside = (i + 1) * lanes <= count ? '' : `if (c < ${count}u) `;
          return `{ let c = lane + ${i * lanes}u; ${inside}{ ${statement(i)} } }`;
        })
        .join('\n  '),
    sum: (value) => (wide ? `dot(${value}, vec4f(1.0))` : value),
  };
}

/** x [rows, width], weight [width] -> y, inverse root mean square [rows]. */
export function rmsNorm(rows: number, width: number, epsilon: number): Sized {
  const { type, count, lanes, declare, each, sum } = rowOf(width);
  return {
    kernel: kernel({
      name: `rmsNorm [${rows}, ${width}]`,
      reads: [
        ['x', type],
        ['weight', type],
      ],
      writes: [['y', type], 'inverseRms'],
      declarations: `var<workgroup> partial: array<f32, ${lanes}>;`,
      workgroup: [lanes, 1],
      body: `let row = ${GROUP};
  if (row >= ${rows}u) { return; }
  let start = row * ${count}u;
  ${declare('x')}
  ${each((i) => `x${i} = x[start + c];`)}
  var own = 0.0;
  ${each((i) => `own += ${sum(`x${i} * x${i}`)};`)}
  partial[lane] = own;
  ${overLanes('sum', 'partial', lanes)}
  let inverse = 1.0 / sqrt(partial[0] / ${literal(width)} + ${literal(epsilon)});
  ${each((i) => `y[start + c] = x${i} * inverse * weight[c];`)}
  if (lane == 0u) { inverseRms[row] = inverse; }`,
    }),
    workgroups: spread(rows),
  };
}

/** Enough blocks to fill a large GPU, few enough that their shares are a small part of the bytes. */
function rowsOfBlock(rows: number): number {
  return Math.max(8, Math.ceil(rows / 1024));
}

/**
 * x, weight, inverse root mean square, gradient of y, and what is added to dx if there is a `residual` -> dx,
 * shares [blocks, width] of the weight's gradient. With n = x * inverse and h = gradient * weight: dx = inverse * (h - n * mean(h * n)), and
 * the weight's gradient is the sum over rows of gradient * n.
 */
export function rmsNormBackward(
  rows: number,
  width: number,
  { residual = false }: { readonly residual?: boolean } = {},
): Sized & { readonly blocks: number } {
  const { type, count, lanes, declare, each, sum } = rowOf(width);
  const block = rowsOfBlock(rows);
  const blocks = Math.ceil(rows / block);
  return {
    kernel: kernel({
      name: `rmsNormBackward [${rows}, ${width}]`,
      reads: [
        ...[['x', type] as const, ['weight', type] as const, 'inverseRms'],
        ...[['gradient', type] as const, ...(residual ? [['residual', type] as const] : [])],
      ],
      writes: [
        ['dx', type],
        ['shares', type],
      ],
      declarations: `var<workgroup> partial: array<f32, ${lanes}>;`,
      workgroup: [lanes, 1],
      body: `let block = ${GROUP};
  if (block >= ${blocks}u) { return; }
  ${declare('w', 'share', 'n', 'g')}
  ${each((i) => `w${i} = weight[c];`)}
  for (var row = block * ${block}u; row < min((block + 1u) * ${block}u, ${rows}u); row++) {
  let start = row * ${count}u;
  let inverse = inverseRms[row];
  var own = 0.0;
  ${each((i) => `n${i} = x[start + c] * inverse; g${i} = gradient[start + c];`)}
  ${each((i) => `own += ${sum(`g${i} * w${i} * n${i}`)}; share${i} += g${i} * n${i};`)}
  partial[lane] = own;
  ${overLanes('sum', 'partial', lanes)}
  let mean = partial[0] / ${literal(width)};
  // The next row's sums go where this row's mean is read.
  workgroupBarrier();
  ${each((i) => `dx[start + c] = inverse * (g${i} * w${i} - n${i} * mean)${residual ? ' + residual[start + c]' : ''};`)}
  }
  ${each((i) => `shares[block * ${count}u + c] = share${i};`)}`,
    }),
    workgroups: spread(blocks),
    blocks,
  };
}
