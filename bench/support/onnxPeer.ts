/** onnxruntime's WebGPU provider: one product as a model of one node, with its second operand kept. */
import * as onnx from 'onnxruntime-node';
import { encodeModel } from '../../src/engine/backend/onnx/protobuf';
import { check, operands } from './matmulCase';
import type { MatmulCase } from './matmulCase';
import { timeRuns } from './rounds';
import type { Timing } from './rounds';

/** Throws where the product would not run on WebGPU: the CPU is not allowed to take it instead. */
export async function measureOnnx(product: MatmulCase, repeats: number): Promise<Timing> {
  const { rows, inner, columns } = product;
  const { a, b } = operands(product);
  const model = encodeModel({
    nodes: [{ operator: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['y'], attributes: {} }],
    initializers: [{ name: 'b', type: 'f32', shape: [inner, columns], data: b }],
    inputs: [{ name: 'a', type: 'f32', shape: [rows, inner] }],
    outputs: [{ name: 'y', type: 'f32', shape: [rows, columns] }],
    opset: 21,
  });
  const session = await onnx.InferenceSession.create(model, {
    executionProviders: ['webgpu'],
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  });
  const feeds = { a: new onnx.Tensor('float32', a, [rows, inner]) };
  let y: ArrayLike<number> = [];
  const timing = await timeRuns(repeats, async () => {
    const results = await session.run(feeds);
    const { data } = results['y']!;
    if (!(data instanceof Float32Array)) throw new Error('onnxruntime gave no f32');
    y = data;
  });
  check(product, { a, b }, y);
  return timing;
}
