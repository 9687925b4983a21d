/**
 * What a run does on the GPU, as one list in the order in which it is done, and how a stretch of that
 * list becomes a command buffer. Where a run is cut into several submissions (pace.ts) changes nothing
 * of what is computed: the commands are the same ones, in the same order.
 */

/** A dispatch with all that it needs. */
export interface DispatchCommand {
  readonly kind: 'dispatch';
  /** Of its kernel. */
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** That are bound. */
  readonly bytes: number;
  /** Multiply-adds, or as many other operations. */
  readonly work: number;
}

export interface CopyCommand {
  readonly kind: 'copy';
  readonly from: GPUBuffer;
  /** Bytes into `from`. */
  readonly start: number;
  readonly to: GPUBuffer;
  /** Bytes into `to`. */
  readonly at: number;
  readonly bytes: number;
}

export type Command = DispatchCommand | CopyCommand;

/** Where a pass writes when it began and ended, if anywhere. */
export type Stamps = GPUComputePassTimestampWrites | undefined;

export interface EncodeOptions {
  /** A pass for each dispatch, so that each can be timed by itself. Default: as few as there can be. */
  readonly apart?: boolean;
  /** For each pass: its timestamps; told the dispatches that it begins with. */
  readonly stamps?: (first: DispatchCommand) => Stamps;
}

export function encode(
  gpu: GPUDevice,
  commands: readonly Command[],
  { apart = false, stamps }: EncodeOptions = {},
): GPUCommandBuffer {
  const encoder = gpu.createCommandEncoder();
  let pass: GPUComputePassEncoder | undefined;
  let pipeline: GPUComputePipeline | undefined;
  const end = (): void => {
    pass?.end();
    pass = pipeline = undefined;
  };
  for (const command of commands) {
    if (command.kind === 'copy') {
      end();
      const { from, start, to, at, bytes } = command;
      encoder.copyBufferToBuffer(from, start, to, at, bytes);
      continue;
    }
    if (apart) end();
    if (!pass) {
      const timestampWrites = stamps?.(command);
      pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : undefined);
    }
    if (command.pipeline !== pipeline) pass.setPipeline((pipeline = command.pipeline));
    pass.setBindGroup(0, command.bindings);
    pass.dispatchWorkgroups(...command.workgroups);
  }
  end();
  return encoder.finish();
}
