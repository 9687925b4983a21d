/** What a page shows, told when it is opened and again whenever a look at it gives something else. */
import type * as vscode from 'vscode';
import { AsyncQueue } from '../../base/asyncQueue';

/** @param listen asks for a call whenever it may be worth looking again */
export async function* watchShown<T>(
  look: () => Promise<T>,
  listen: (tell: () => void) => vscode.Disposable,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const changes = new AsyncQueue<void>();
  const tell = (): void => changes.push();
  const listening = listen(tell);
  signal.addEventListener('abort', () => changes.end());
  const looks = changes[Symbol.asyncIterator]();
  tell();
  let before = '';
  try {
    while (!(await looks.next()).done) {
      const shown = await look();
      const now = JSON.stringify(shown);
      if (now !== before) yield shown;
      before = now;
    }
  } finally {
    listening.dispose();
  }
}
