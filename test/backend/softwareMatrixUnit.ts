/**
 * Matrix units in software, for machines without any: the text of a kernel with its subgroup matrices and
 * the builtins on them replaced by arrays and plain functions, so that all else (tiling, staging, offsets,
 * layouts, edges, epilogues) runs as it is written. A lane knows where its factors lie, and keeps every `subgroupSize`th number of a sum, as some
 * driver might; `subgroupSize` lanes in a row are a subgroup. Factors may lie in workgroup memory or in a
 * buffer; nothing is written to either before they are used.
 *
 * It can't show what depends on the real units: whether the driver takes the text (webgpuNull.test.ts asks
 * Tint), and how lanes of a subgroup keep together.
 */
import { Device } from '../../src/engine/backend/webgpu/device';
import type { MatrixTraits, Traits } from '../../src/engine/backend/webgpu/device';
import type { Kernel } from '../../src/engine/backend/webgpu/kernel';

/** A device that takes itself to have matrix units. */
export class SoftwareMatrixDevice extends Device {
  override readonly traits: Traits;
  readonly #subgroupSize: number;

  /** `subgroupSize` is what the subgroups really have: at most `matrix.subgroupSize`. */
  constructor({ gpu, traits }: Device, matrix: MatrixTraits, subgroupSize = matrix.subgroupSize) {
    super(gpu, { precision: traits.precision });
    this.traits = { ...traits, matrix };
    this.#subgroupSize = subgroupSize;
  }

  override pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
    const code = withoutMatrixUnits(kernel.code, this.#subgroupSize);
    return super.pipeline({ ...kernel, code });
  }
}

/** What an adapter with such units would say of them; `m`, `n`, `k`. */
export function matrixUnit(
  component: 'f16' | 'f32',
  [m, n, k]: readonly [number, number, number],
  subgroupSize: number,
  subgroupsVary = false,
): MatrixTraits {
  return { unit: { component, m, n, k }, subgroupSize, subgroupsVary };
}

const EXTENSION = 'enable chromium_experimental_subgroup_matrix;';

export function withoutMatrixUnits(code: string, subgroupSize: number): string {
  if (!code.includes(EXTENSION)) return code;
  const left = shapeOf(code, 'left');
  const right = shapeOf(code, 'right');
  const [m, n, k] = [left.rows, right.columns, left.columns];
  if (right.rows !== k) throw new Error('The factors have different inner axes.');
  const own = Math.ceil((m * n) / subgroupSize);
  const [a, b] = ['Left', 'Right'].map((side) => pointedAt(code, `Load<${side}, \\w+`));
  const y = pointedAt(code, 'Store<row_major');

  const swapped = code
    .replace(EXTENSION, '')
    .replace('enable subgroups;', '')
    .replace(/alias (Left|Right) = .*;/g, 'alias $1 = Place;')
    .replace(/alias (\w+) = subgroup_matrix_result<.*>;/, `alias $1 = array<f32, ${own}>;`)
    .replace(/subgroupMatrixLoad<(?:Left|Right), (row|col)_major>\(&\w+,/g, 'place_$1(')
    .replace(/subgroupMatrixLoad<Sum, row_major>\(&residual,/g, 'loadSum(')
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiplyAccumulate(')
    .replace(/subgroupMatrixStore<row_major>\(&\w+,/g, 'storeSum(')
    .replace(', @builtin(subgroup_id) subgroup: u32', '')
    .replace(
      /fn main\([^{]*\{/,
      (main) => `${main}
let subgroup = lane / ${subgroupSize}u;
laneOfSubgroup = lane % ${subgroupSize}u;
zero = group.z;`,
    );
  if (/subgroup_?[mM]atrix/.test(swapped)) throw new Error('A builtin is not replaced.');

  // The ends of loops come from a number that is zero and that no compiler knows: they are not unrolled.
  const software = `var<private> laneOfSubgroup: u32;
var<private> zero: u32;
struct Place { offset: u32, row: u32, column: u32 }
fn place_row(offset: u32, stride: u32) -> Place { return Place(offset, stride, 1u); }
fn place_col(offset: u32, stride: u32) -> Place { return Place(offset, 1u, stride); }
fn multiplyAccumulate(left: Place, right: Place, sum: Sum) -> Sum {
  var next = sum;
  for (var i = 0u; i < ${own}u + zero; i++) {
    let number = i * ${subgroupSize}u + laneOfSubgroup;
    if (number >= ${m * n}u) { break; }
    let row = left.offset + number / ${n}u * left.row;
    let column = right.offset + number % ${n}u * right.column;
    for (var k = 0u; k < ${k}u + zero; k++) {
      next[i] += f32(${a}[row + k * left.column]) * f32(${b}[column + k * right.row]);
    }
  }
  return next;
}
fn storeSum(offset: u32, sum: Sum, stride: u32) {
  for (var i = 0u; i < ${own}u + zero; i++) {
    let number = i * ${subgroupSize}u + laneOfSubgroup;
    if (number >= ${m * n}u) { break; }
    ${y}[offset + number / ${n}u * stride + number % ${n}u] = sum[i];
  }
}
${
  !swapped.includes('loadSum(')
    ? ''
    : `fn loadSum(offset: u32, stride: u32) -> Sum {
  var sum: Sum;
  for (var i = 0u; i < ${own}u + zero; i++) {
    let number = i * ${subgroupSize}u + laneOfSubgroup;
    if (number >= ${m * n}u) { break; }
    sum[i] = residual[offset + number / ${n}u * stride + number % ${n}u];
  }
  return sum;
}`
}
`;
  return swapped.replace('@compute', `${software}@compute`);
}

/** The variable that a builtin on subgroup matrices reads or writes. */
function pointedAt(code: string, builtin: string): string {
  const found = new RegExp(`subgroupMatrix${builtin}>\\(&(\\w+),`).exec(code);
  if (!found) throw new Error(`The kernel has no ${builtin}.`);
  return found[1]!;
}

/** WGSL names the columns first. */
function shapeOf(code: string, side: 'left' | 'right'): { rows: number; columns: number } {
  const found = new RegExp(`subgroup_matrix_${side}<\\w+, (\\d+), (\\d+)>`).exec(code);
  if (!found) throw new Error(`The kernel has no ${side} matrix.`);
  return { columns: Number(found[1]), rows: Number(found[2]) };
}
