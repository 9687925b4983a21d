/**
 * What a kernel is: one WGSL compute shader with its shapes written into it as constants, so that
 * the driver's compiler sees them. Equal texts are one pipeline (the layers of a model share theirs),
 * and what changes from step to step arrives in a buffer. A kernel's file in `kernels/` says its idea,
 * its tiling, and what bounds it.
 *
 * Not here: which tensors it is run on (lowering.ts), and when (program.ts).
 */

/** Lanes of a workgroup where nothing speaks for another number: WebGPU's default limit allows 256. */
export const LANES = 256;

export interface Kernel {
  /** For messages, timings and the autotuner: "matmul 64x64". */
  readonly name: string;
  readonly code: string;
  /** What the code was made of. */
  readonly parts: KernelParts;
}

/** A kernel for tensors of a certain shape, and how many workgroups they take. */
export interface Sized {
  readonly kernel: Kernel;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

export interface KernelParts {
  readonly name: string;
  /** Names of the tensors read, in the order of the bindings, with their element's type. */
  readonly reads: readonly Parameter[];
  /** Names of the tensors written, after those read. They may be read too: they start as they were. */
  readonly writes: readonly Parameter[];
  /** Constants, workgroup memory (not zero at first: see adapters.ts), functions. */
  readonly declarations?: string;
  /**
   * The body of `main`, which has `group` and `groups` (ids and number of workgroups), `local` and
   * `lane` (ids within the group).
   */
  readonly body: string;
  /** Lanes of a workgroup along x and y. Default: `LANES` along x. */
  readonly workgroup?: readonly [x: number, y: number];
  /** WGSL extensions: `f16`, `subgroups`. */
  readonly enable?: readonly string[];
  /** `main` has `subgroup` too, the number of the lane's subgroup within the group. */
  readonly subgroup?: boolean;
  /** `main` has `subgroupLane` too, the number of the lane within its subgroup. */
  readonly subgroupLane?: boolean;
}

/** A name, or a name and a WGSL type of its elements; `f32` where none is given. */
export type Parameter = string | readonly [name: string, element: string];

export function kernel(parts: KernelParts): Kernel {
  return { name: parts.name, code: codeOf(parts, HEAD), parts };
}

/** The same kernel over a stretch of its workgroups; see bands.ts. */
export function bandKernel({ parts }: Kernel): Kernel {
  const { name, reads, writes } = parts;
  const binding = `@group(0) @binding(${reads.length + writes.length})`;
  const head = `${binding} var<uniform> band: array<vec4u, 2>;`;
  return { name, code: codeOf(parts, { ...BAND_HEAD, declarations: head }), parts };
}

/** Where `group` and `groups` come from. */
interface Head {
  readonly declarations: string;
  readonly inputs: string;
  readonly start: string;
}

const HEAD: Head = {
  declarations: '',
  inputs: '@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,',
  start: '',
};
const BAND_HEAD: Omit<Head, 'declarations'> = {
  inputs: '@builtin(workgroup_id) groupOfBand: vec3u,',
  start: 'let group = groupOfBand + band[0].xyz; let groups = band[1].xyz;',
};

function codeOf(parts: KernelParts, head: Head): string {
  const { reads, writes, declarations = '', body, workgroup = [LANES, 1], enable = [] } = parts;
  const subgroup = parts.subgroup ? ', @builtin(subgroup_id) subgroup: u32' : '';
  const subgroupLane = parts.subgroupLane
    ? ', @builtin(subgroup_invocation_id) subgroupLane: u32'
    : '';
  const binding = (parameter: Parameter, index: number): string => {
    const [called, element] = typeof parameter === 'string' ? [parameter, 'f32'] : parameter;
    const access = index < reads.length ? 'read' : 'read_write';
    return `@group(0) @binding(${index}) var<storage, ${access}> ${called}: array<${element}>;`;
  };
  const code = [
    ...enable.map((extension) => `enable ${extension};`),
    ...[...reads, ...writes].map(binding),
    head.declarations,
    declarations.trim(),
    `@compute @workgroup_size(${workgroup[0]}, ${workgroup[1]})`,
    `fn main(${head.inputs}`,
    `  @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32${subgroup}${subgroupLane}) {`,
    head.start,
    body.trim(),
    '}',
  ];
  return code.filter((line) => line !== '').join('\n');
}

/** WGSL for the number of a workgroup among all, where they are spread over x and y by `spread`. */
export const GROUP = 'group.y * groups.x + group.x';

/** So many workgroups, in as few rows as the limit along one dimension allows; see `GROUP`. */
export function spread(count: number): [x: number, y: number, z: number] {
  const LIMIT = 65535;
  const rows = Math.ceil(count / LIMIT);
  return [Math.ceil(count / rows), rows, 1];
}

/** A literal of the type f32 that WGSL reads back to the same bits. */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new RangeError(`WGSL has no literal for ${value}.`);
  const text = String(rounded);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
