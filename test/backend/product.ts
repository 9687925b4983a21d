/** One matrix product by itself, in any tier, and what the oracle makes of it. */
import { MAP_READ, USAGE } from '../../src/engine/backend/webgpu/device';
import type { Device } from '../../src/engine/backend/webgpu/device';
import type { MatmulPlan, Product } from '../../src/engine/backend/webgpu/kernels/matmul';
import { Lowering } from '../../src/engine/backend/webgpu/lowering';
import type { Tensor } from '../../src/engine/backend/webgpu/lowering';
import { multiply, productOf } from '../../src/engine/backend/webgpu/productRules';
import { GraphBuilder, sizeOf } from '../../src/engine/graph/graph';
import type { Shape } from '../../src/engine/graph/graph';
import { toHalf } from './half';
import { runExactly, Sketch } from './sketch';

export interface Form {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly batchA: Shape;
  readonly batchB: Shape;
  readonly scale: number;
  readonly bias: boolean;
  readonly residual: boolean;
}

const swapIf = (swapped: boolean, [first, second]: [number, number]): Shape =>
  swapped ? [second, first] : [first, second];

/** Of nothing: what a test doesn't say of a form. */
export const plain: Form = {
  rows: 1,
  columns: 1,
  inner: 1,
  transposeA: false,
  transposeB: false,
  batchA: [],
  batchB: [],
  scale: 1,
  bias: false,
  residual: false,
};

/**
 * The product, what it reads, and what the oracle makes of it; with `halves`, of factors that were
 * rounded to half floats. What is read is never rounded.
 */
export async function drawn(
  form: Form,
  halves = false,
): Promise<{
  product: Product;
  operands: Float32Array[];
  expected: ArrayLike<number>;
}> {
  const { rows, columns, inner, transposeA, transposeB, scale, bias, residual } = form;
  const sketch = new Sketch(7);
  const { graph } = sketch;
  const a = sketch.tensor([...form.batchA, ...swapIf(transposeA, [rows, inner])]);
  const b = sketch.tensor([...form.batchB, ...swapIf(transposeB, [inner, columns])]);
  let y = graph.matmul(a, b, { transposeA, transposeB, scale });
  const product = productOf(a.shape, b.shape, y.shape.slice(0, -2), form);
  if (bias) y = graph.add(y, sketch.tensor([columns]));
  if (residual) y = graph.add(y, sketch.tensor(y.shape));
  graph.output('y', y);
  const factors = [...sketch.states].slice(0, 2);
  const rounded = factors.map(
    ([name, { data }]) => [name, Float64Array.from(data, toHalf)] as const,
  );
  const states = new Map(halves ? rounded : []);
  const { y: expected } = await runExactly(sketch, graph.build(), states);
  const operands = [...sketch.states.values()].map(({ data }) => data);
  return { product: { ...product, bias, residual }, operands, expected: expected! };
}

/** Runs a product alone, in the given tier. */
export async function computed(
  device: Device,
  product: Product,
  operands: readonly Float32Array[],
  plan: MatmulPlan,
): Promise<Float32Array> {
  const lowering = new Lowering(new GraphBuilder().build(), device.traits);
  const size = sizeOf(product.batch) * product.rows * product.columns;
  const y = lowering.temporary(size);
  const [a, b, ...rest] = operands.map((data) => lowering.constant(data));
  multiply(lowering, product, [a!, b!, ...rest], y, plan);

  const { gpu } = device;
  const buffers = new Map<Tensor, GPUBuffer>();
  const bufferOf = async (tensor: Tensor): Promise<GPUBuffer> => {
    const buffer = buffers.get(tensor) ?? (await device.buffer(tensor.size, 'an operand'));
    buffers.set(tensor, buffer);
    return buffer;
  };
  const result = await device.buffer(size, 'the result', USAGE.mapRead | USAGE.copyTarget);
  const encoder = gpu.createCommandEncoder();
  for (const { kernel, reads, writes, workgroups } of lowering.dispatches) {
    const pipeline = await device.pipeline(kernel);
    const bound = [];
    for (const tensor of [...reads, ...writes]) bound.push(await bufferOf(tensor));
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = bound.map((buffer, binding) => ({ binding, resource: { buffer } }));
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
  }
  for (const [{ from }, buffer] of buffers)
    if (from.kind === 'constant') gpu.queue.writeBuffer(buffer, 0, from.data);
  encoder.copyBufferToBuffer(buffers.get(y)!, 0, result, 0, size * 4);
  gpu.queue.submit([encoder.finish()]);
  await result.mapAsync(MAP_READ);
  const numbers = new Float32Array(result.getMappedRange().slice(0));
  for (const buffer of [...buffers.values(), result]) buffer.destroy();
  device.check();
  return numbers;
}
