import { createMessageConnection } from 'vscode-jsonrpc';
import { createMessageConnection as createNodeConnection } from 'vscode-jsonrpc/node';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { GlassboxError } from '../../src/base/errors';
import { call, stream } from '../../src/protocol/descriptors';
import { MessagePipe } from '../../src/protocol/messagePipe';
import { answerer, asker } from '../../src/protocol/rpc';
import type { Answerer, Asker } from '../../src/protocol/rpc';

const double = call('double', z.number(), z.number());
const count = stream('count', z.object({ to: z.number() }), z.number());
const never = new AbortController().signal;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Two ends over a carrier that copies values as postMessage does, later. */
function joined(answers: (answer: Answerer) => void): {
  ask: Asker;
  post: (value: unknown) => void;
  closeAnswering: () => void;
} {
  const carry = (pipe: () => MessagePipe) => (value: unknown) => {
    queueMicrotask(() => pipe().receive(structuredClone(value)));
  };
  const page: MessagePipe = new MessagePipe(carry(() => host));
  const host: MessagePipe = new MessagePipe(carry(() => page));
  const answering = createNodeConnection(host.reader, host.writer);
  const answer = answerer(answering);
  answers(answer);
  answer.listen();
  const closeAnswering = (): void => {
    host.close();
    answering.dispose();
  };
  closing.push(closeAnswering);
  return {
    ask: asker(createMessageConnection(page.reader, page.writer)),
    post: carry(() => host),
    closeAnswering,
  };
}

describe('requests over a pipe of messages', () => {
  it('are answered', async () => {
    const { ask } = joined((answer) => answer.call(double, (n) => Promise.resolve(2 * n)));
    expect(await ask.call(double)(21, never)).toBe(42);
  });

  it('are answered although what is no message comes between', async () => {
    const { ask, post } = joined((answer) => answer.call(double, (n) => Promise.resolve(2 * n)));
    for (const value of [null, 3, 'x', {}, { jsonrpc: '1.0' }, { jsonrpc: '2.0' }]) post(value);
    expect(await ask.call(double)(1, never)).toBe(2);
  });

  it('fail with the whole error, and with one that says which message was wrong', async () => {
    const { ask } = joined((answer) =>
      answer.call(double, () =>
        Promise.reject(new GlassboxError('no', 'No.', { remedy: 'Ask again.' })),
      ),
    );
    await expect(ask.call(double)(1, never)).rejects.toMatchObject({
      code: 'no',
      remedy: 'Ask again.',
    });
    const wrong = call('double', z.string(), z.number());
    await expect(ask.call(wrong)('a', never)).rejects.toMatchObject({ code: 'protocol-message' });
  });

  it('stream, and the work ends when the other end goes', async () => {
    let ended = (): void => undefined;
    const over = new Promise<void>((resolve) => (ended = resolve));
    const { ask, closeAnswering } = joined((answer) =>
      answer.stream(count, async function* ({ to }, signal) {
        for (let i = 0; i < to; i++) yield i;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        ended();
      }),
    );
    const seen: number[] = [];
    for await (const number of ask.stream(count)({ to: 3 }, never)) {
      seen.push(number);
      if (seen.length === 3) {
        closeAnswering();
        break;
      }
    }
    await over;
    expect(seen).toEqual([0, 1, 2]);
  });

  it('say nothing once their pipe is closed: the next page would take it for its own', async () => {
    const posted: unknown[] = [];
    const pipe = new MessagePipe((message) => posted.push(message));
    const connection = createNodeConnection(pipe.reader, pipe.writer);
    const answer = answerer(connection);
    let ended = (): void => undefined;
    const over = new Promise<void>((resolve) => (ended = resolve));
    answer.stream(count, async function* (_, signal) {
      yield 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended();
    });
    answer.listen();
    pipe.receive({
      jsonrpc: '2.0',
      id: 0,
      method: 'count',
      params: { params: { to: 1 }, stream: 0 },
    });
    await expect.poll(() => posted).toHaveLength(1);
    pipe.close();
    connection.dispose();
    await over;
    await new Promise(setImmediate);
    expect(posted).toHaveLength(1);
  });
});
