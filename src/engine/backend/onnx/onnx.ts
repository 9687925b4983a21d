/**
 * The onnx backend: lowers a graph to ONNX operators and runs it in onnxruntime on the CPU. It is
 * what every machine has. onnxruntime's `run()` is synchronous native code that blocks its thread:
 * whoever must stay responsive runs this backend in a worker.
 */
import { env } from 'onnxruntime-node';
import { withoutTelemetry } from '../../../base/withoutTelemetry';
import type { Backend } from '../backend';
import { OnnxStore } from './store';

export function openOnnx(options: { threads: number }): Promise<Backend> {
  withoutTelemetry();
  const threads = Math.max(1, Math.floor(options.threads));
  return Promise.resolve({
    name: 'onnx',
    adapter: `onnxruntime ${env.versions.node ?? ''}, CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    precision: 'f32',
    allocate: (states) => Promise.resolve(new OnnxStore(states, { threads })),
    dispose: () => Promise.resolve(),
  });
}
