/**
 * A bound on the time of synchronous code, this thread's own: V8 ends a script that was started with a
 * limit, whatever it is doing (a loop, a regular expression), and the code that called it goes on.
 */
import vm from 'node:vm';

const NAME = '__glassboxTimed';
const script = new vm.Script(`globalThis.${NAME}()`);

/**
 * What the work gives; `late` if it took longer, `failed` if it threw.
 *
 * @param milliseconds undefined: as long as it takes
 */
export function within<Result extends object>(
  milliseconds: number | undefined,
  work: () => Result,
): Result | 'late' | 'failed' {
  if (milliseconds === undefined) {
    try {
      return work();
    } catch {
      return 'failed';
    }
  }
  const done: Result[] = [];
  Reflect.set(globalThis, NAME, () => {
    done.push(work());
  });
  try {
    script.runInThisContext({ timeout: milliseconds });
    return done[0] ?? 'failed';
  } catch (thrown) {
    const late =
      thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    return late ? 'late' : 'failed';
  } finally {
    Reflect.deleteProperty(globalThis, NAME);
  }
}
