import { MessageChannel } from 'node:worker_threads';
import { createMessageConnection, PortMessageReader, PortMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { afterEach, describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import type { GenerateRequest } from '../../src/protocol/messages';
import type { Handlers } from '../../src/protocol/protocol';
import { connect, serve } from '../../src/protocol/engineConnection';
import { checkVersion, shutdown } from '../../src/protocol/rpc';
import type { ServeOptions } from '../../src/protocol/rpc';

const never = new AbortController().signal;
const generation: GenerateRequest = {
  ...{ model: 'm', prompt: '', maxTokens: 1, temperature: 1, topK: 0, topP: 1, minP: 0 },
  ...{ topLogprobs: 0, backend: 'auto' },
};
const token = {
  kind: 'token',
  id: 1,
  text: 'a',
  logprob: -1,
  rank: 0,
  entropy: 1,
  top: [],
} as const;

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Two ends over a message channel, as between a thread and its worker. */
function ends(): { asking: MessageConnection; answering: MessageConnection; cut: () => void } {
  const { port1, port2 } = new MessageChannel();
  const [asking, answering] = [port1, port2].map((port) =>
    createMessageConnection(new PortMessageReader(port), new PortMessageWriter(port)),
  );
  open.push(() => port1.close());
  return { asking: asking!, answering: answering!, cut: () => port2.close() };
}

function joined(
  handlers: Partial<Handlers>,
  options?: ServeOptions,
): { engine: Handlers; asking: MessageConnection; cut: () => void } {
  const { asking, answering, cut } = ends();
  serve(answering, handlers, options);
  return { engine: connect(asking), asking, cut };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (thrown: unknown) => thrown,
  );

async function all<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const seen: Event[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

/** A promise and what fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('a request', () => {
  it('is answered, each by its own answer', async () => {
    const { engine } = joined({
      decode: ({ ids }) => Promise.resolve(ids.join('+')),
    });
    const asked = [[1, 2], [3], []].map((ids) => engine.decode({ tokenizer: 't', ids }, never));
    expect(await Promise.all(asked)).toEqual(['1+2', '3', '']);
  });

  it('fails with the error that was thrown, whole', async () => {
    const cause = new GlassboxError('inner', 'Within.', { cause: new TypeError('deep') });
    const { engine } = joined({
      decode: () =>
        Promise.reject(
          new GlassboxError('outer', 'Without.', { remedy: 'Do.', details: { at: 3 }, cause }),
        ),
    });
    const thrown = await failureOf(engine.decode({ tokenizer: 't', ids: [] }, never));
    expect(thrown).toBeInstanceOf(GlassboxError);
    expect(thrown).toMatchObject({
      code: 'outer',
      message: 'Without.',
      remedy: 'Do.',
      details: { at: 3 },
      cause: { code: 'inner', cause: { message: 'deep' } },
    });
  });

  it('fails with a defect as a defect, and with what is its own cause', async () => {
    const { engine } = joined({
      decode: () => Promise.reject(new TypeError('x is not a function')),
      devices: () => {
        const error = new Error('round');
        error.cause = error;
        return Promise.reject(error);
      },
    });
    const thrown = await failureOf(engine.decode({ tokenizer: 't', ids: [] }, never));
    expect(thrown).not.toBeInstanceOf(GlassboxError);
    expect(thrown).toMatchObject({ message: 'x is not a function' });
    expect((thrown as Error).stack).toContain('rpc.test');
    expect(await failureOf(engine.devices({}, never))).toMatchObject({ message: 'round' });
  });

  it('is refused by schema, in either direction, and the next is answered', async () => {
    const handlers = { decode: ({ ids }: { ids: number[] }) => Promise.resolve(ids.join(' ')) };
    const { engine } = joined({
      ...handlers,
      devices: () => Promise.resolve([{ backend: 7 }] as never),
    });
    const bad = engine.decode({ tokenizer: '', ids: [-1] }, never);
    expect(await failureOf(bad)).toMatchObject({ code: 'protocol-message' });
    const badAnswer = engine.devices({}, never);
    expect(await failureOf(badAnswer)).toMatchObject({ code: 'protocol-message' });
    expect(await engine.decode({ tokenizer: 't', ids: [1] }, never)).toBe('1');
  });

  it('fails where the other end does not know it', async () => {
    const { engine } = joined({});
    expect(await failureOf(engine.devices({}, never))).toBeInstanceOf(Error);
  });

  it('is not even sent once aborted', async () => {
    let asked = 0;
    const { engine } = joined({
      devices: () => {
        asked++;
        return Promise.resolve([]);
      },
    });
    const thrown = await failureOf(engine.devices({}, AbortSignal.abort()));
    expect(thrown).toMatchObject({ code: 'cancelled' });
    await engine.devices({}, never);
    expect(asked).toBe(1);
  });

  it('that is aborted fails in this turn of the event loop, though nobody answers', async () => {
    const { opened, open: release } = gate();
    const { engine } = joined({ devices: () => opened.then(() => []) });
    const stop = new AbortController();
    const order: string[] = [];
    const asked = engine.devices({}, stop.signal).catch(() => order.push('failed'));
    const later = new Promise<void>((resolve) =>
      setImmediate(() => {
        stop.abort();
        setImmediate(() => {
          order.push('turn');
          resolve();
        });
      }),
    );
    await Promise.all([asked, later]);
    expect(order).toEqual(['failed', 'turn']);
    release();
  });
});

describe('a stream', () => {
  it('gives its events in order, then ends', async () => {
    const { engine } = joined({
      // eslint-disable-next-line @typescript-eslint/require-await
      generate: async function* () {
        for (let id = 0; id < 50; id++) yield { ...token, id };
        yield { kind: 'done', text: 'a', finishReason: 'length' };
      },
    });
    const both = await Promise.all([
      all(engine.generate(generation, never)),
      all(engine.generate(generation, never)),
    ]);
    for (const events of both) {
      expect(events.map((event) => (event.kind === 'token' ? event.id : event.kind))).toEqual([
        ...Array.from({ length: 50 }, (_, id) => id),
        'done',
      ]);
    }
  });

  it('gives what came before an error, then throws it', async () => {
    const { engine } = joined({
      // eslint-disable-next-line @typescript-eslint/require-await
      generate: async function* () {
        yield token;
        throw new GlassboxError('broken', 'Broken.');
      },
    });
    const events = engine.generate(generation, never)[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { kind: 'token' } });
    expect(await failureOf(events.next())).toMatchObject({ code: 'broken' });
  });

  it('stops the work when its reader leaves, and when it is aborted', async () => {
    const ended: string[] = [];
    const { opened, open: noticed } = gate();
    const { engine } = joined({
      generate: async function* ({ prompt }, signal) {
        yield token;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (typeof prompt === 'string') ended.push(prompt);
        if (ended.length === 2) noticed();
      },
    });
    for await (const event of engine.generate({ ...generation, prompt: 'left' }, never)) {
      expect(event.kind).toBe('token');
      break;
    }
    const stop = new AbortController();
    const aborting = (async () => {
      const events = engine.generate({ ...generation, prompt: 'aborted' }, stop.signal);
      for await (const event of events) if (event.kind === 'token') stop.abort();
    })();
    expect(await failureOf(aborting)).toMatchObject({ code: 'cancelled' });
    await opened;
    expect(ended.sort()).toEqual(['aborted', 'left']);
  });
});

describe('the end of a connection', () => {
  it('fails whatever is pending, and whatever is asked after', async () => {
    const { engine, cut } = joined({
      devices: () => new Promise(() => undefined),
      generate: async function* () {
        yield token;
        await new Promise(() => undefined);
      },
    });
    const events = engine.generate(generation, never)[Symbol.asyncIterator]();
    await events.next();
    const pending = [engine.devices({}, never), events.next()].map(failureOf);
    cut();
    for (const thrown of await Promise.all(pending))
      expect(thrown).toMatchObject({ code: 'engine-ended' });
    expect(await failureOf(engine.devices({}, never))).toMatchObject({ code: 'engine-ended' });
  });

  it('comes after the work, where it is asked for', async () => {
    const { opened, open: release } = gate();
    let finished = false;
    const { engine, asking } = joined({
      devices: async (_, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await opened;
        finished = true;
        return [];
      },
    });
    const pending = engine.devices({}, never);
    const ending = shutdown(asking);
    release();
    await ending;
    expect(finished).toBe(true);
    expect(await pending).toEqual([]);
  });
});

describe('the version', () => {
  it('comes first: nothing is answered before it was checked', async () => {
    const { engine, asking } = joined(
      { devices: () => Promise.resolve([]) },
      { versionFirst: true },
    );
    const early = await failureOf(engine.devices({}, never));
    expect(early).toMatchObject({ code: 'protocol-version' });
    await checkVersion(asking);
    expect(await engine.devices({}, never)).toEqual([]);
  });

  it('is refused by either end where the other speaks another', async () => {
    const { engine, asking } = joined(
      { devices: () => Promise.resolve([]) },
      { versionFirst: true },
    );
    const wrong = await failureOf(asking.sendRequest('version', 0));
    expect((wrong as Error).message).toMatch(/version \d+ .*version 0/);
    expect(await failureOf(engine.devices({}, never))).toMatchObject({
      code: 'protocol-version',
      remedy: expect.stringContaining('build') as string,
    });

    const { asking: asker, answering } = ends();
    answering.onRequest('version', () => 99);
    answering.listen();
    connect(asker);
    expect(await failureOf(checkVersion(asker))).toMatchObject({
      code: 'protocol-version',
      message: expect.stringMatching(/version 99 .*version \d+/) as string,
    });
  });
});
