/**
 * JavaScript in QuickJS, an interpreter of its own that runs as WebAssembly: it has a heap of its own,
 * and nothing in it reaches a file, the network or this program's objects. Each call begins anew.
 * What the program prints (`console.log`) and the value of its last line are the answer.
 *
 * Not covered: modules, timers; promises are run until nothing is left to do.
 */
import type { QuickJSContext, QuickJSRuntime } from 'quickjs-emscripten-core';
import type { Tool } from './tool';

const MILLISECONDS = 1000;
const HEAP_BYTES = 32 * 2 ** 20;
const STACK_BYTES = 256 * 2 ** 10;
const LONGEST_OUTPUT = 20_000;

/** @param limits the time of one call, in milliseconds, and the bytes of its heap */
export function javascriptTool(
  limits: { readonly milliseconds?: number; readonly heapBytes?: number } = {},
): Tool {
  const { milliseconds = MILLISECONDS, heapBytes = HEAP_BYTES } = limits;
  return {
    name: 'javascript',
    description: 'runs a JavaScript program without files or network; console.log prints',
    input: { name: 'code', description: 'the program; its last value is the answer' },
    async run(input) {
      const runtime = await openRuntime(heapBytes);
      try {
        const ends = performance.now() + milliseconds;
        const isLate = (): boolean => performance.now() > ends;
        runtime.setInterruptHandler(isLate);
        const context = runtime.newContext();
        try {
          return evaluate(runtime, context, input);
        } catch (thrown) {
          if (isLate()) throw new Error(`stopped after ${milliseconds} ms`, { cause: thrown });
          throw thrown;
        } finally {
          context.dispose();
        }
      } finally {
        runtime.dispose();
      }
    },
  };
}

/** The interpreter is loaded when the first program runs. */
async function openRuntime(heapBytes: number): Promise<QuickJSRuntime> {
  const [{ newQuickJSWASMModuleFromVariant }, { default: variant }] = await Promise.all([
    import('quickjs-emscripten-core'),
    import('@jitl/quickjs-singlefile-cjs-release-sync'),
  ]);
  // A module of its own for each call: nothing that one program did to the memory is left to the next.
  const module = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = module.newRuntime();
  runtime.setMemoryLimit(heapBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  return runtime;
}

function evaluate(runtime: QuickJSRuntime, context: QuickJSContext, program: string): string {
  let printed = '';
  const print = context.newFunction('log', (...values) => {
    const line = values.map((value) => textOf(context.dump(value))).join(' ');
    if (printed.length < LONGEST_OUTPUT) printed += `${line}\n`;
  });
  const console = context.newObject();
  context.setProp(console, 'log', print);
  context.setProp(context.global, 'console', console);
  console.dispose();
  print.dispose();
  const value: unknown = context
    .unwrapResult(context.evalCode(program, 'program.js'))
    .consume((handle) => context.dump(handle) as unknown);
  const jobs = runtime.executePendingJobs();
  if (jobs.error) throw jobs.error.consume((handle) => new Error(textOf(context.dump(handle))));
  const shown = value === undefined ? '' : textOf(value);
  return `${printed}${shown}`.trim().slice(0, LONGEST_OUTPUT) || 'undefined';
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}
