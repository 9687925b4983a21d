/**
 * The page's way to the extension host: the same requests as on every other hop, over postMessage;
 * and what the page keeps across reloads.
 */
import 'vscode-jsonrpc/browser';
import { createMessageConnection } from 'vscode-jsonrpc';
import type * as z from 'zod';
import { MessagePipe } from '../../src/protocol/messagePipe';
import { asker } from '../../src/protocol/rpc';
import type { Asker } from '../../src/protocol/rpc';

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

const editor = acquireVsCodeApi();

/** Fulfilled once the host listens. Called once by each page. */
export async function connectToHost(): Promise<Asker> {
  const pipe = new MessagePipe((message) => editor.postMessage(message));
  await new Promise<void>((ready) => {
    const hear = ({ data }: MessageEvent<unknown>): void => {
      if (data === 'glassbox:ready') ready();
      else pipe.receive(data);
    };
    window.addEventListener('message', hear);
    editor.postMessage('glassbox:hello');
  });
  return asker(createMessageConnection(pipe.reader, pipe.writer));
}

/** What the page kept, or undefined where it kept nothing that `schema` takes. */
export function keptState<T>(schema: z.ZodType<T>): T | undefined {
  const kept = schema.safeParse(editor.getState());
  return kept.success ? kept.data : undefined;
}

/** Kept while the editor lives and, for a panel that is restored, until the window opens again. */
export function keepState(state: unknown): void {
  editor.setState(state);
}

/** A signal for requests that nothing but the page's end cancels. */
export const never = new AbortController().signal;
