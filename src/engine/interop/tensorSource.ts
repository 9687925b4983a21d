/**
 * Tensors by name, read one at a time: one safetensors file, several with an index, or arrays that
 * are in memory already.
 */
import { GlassboxError } from '../../base/errors';
import { sizeOf } from '../graph/graph';
import type { TensorInfo } from './safetensorsHeader';

export interface TensorSource {
  /** What there is, without reading it. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The tensor's elements, row by row, widened or rounded to float32. The array is the caller's. */
  readF32(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Arrays in memory as a source. The arrays are handed out as they are, not copied. */
export function tensorsInMemory(
  arrays: Iterable<readonly [name: string, shape: readonly number[], data: Float32Array]>,
): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  const dataOf = new Map<string, Float32Array>();
  for (const [name, shape, data] of arrays) {
    if (data.length !== sizeOf(shape))
      throw new GlassboxError(
        'tensor-size',
        `The tensor ${name} has ${data.length} elements, but its shape [${shape.join(', ')}] takes ${sizeOf(shape)}.`,
      );
    tensors.set(name, { dtype: 'F32', shape });
    dataOf.set(name, data);
  }
  return {
    tensors,
    readF32: (name) => {
      const data = dataOf.get(name);
      return data
        ? Promise.resolve(data)
        : Promise.reject(new GlassboxError('no-tensor', `There is no tensor named ${name}.`));
    },
    close: () => Promise.resolve(),
  };
}
