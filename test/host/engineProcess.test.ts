/** The client of the engine's process with the real, built engine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GlassboxError } from '../../src/base/errors';
import { EngineProcess } from '../../src/host/engine/engineProcess';
import type { EngineProcessOptions } from '../../src/host/engine/engineProcess';
import { cleanEnvironment, findNode, packedNode } from '../../src/host/engine/nodeBinary';

const ENGINE = path.resolve('dist', 'engine.js');
const never = new AbortController().signal;
const encoding = { tokenizer: 'gpt2', text: 'whale', special: 'text', offsets: false } as const;

let folder: string;
const crashes: GlassboxError[] = [];
const opened: EngineProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'glassbox-engine-'));
  crashes.length = 0;
});
afterEach(() => {
  for (const engine of opened.splice(0)) engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<EngineProcessOptions> = {}): EngineProcess {
  const engine = new EngineProcess(() => ({
    ...{ file: ENGINE, node: process.execPath, env: process.env, folder },
    onLine: () => undefined,
    onCrash: (error) => crashes.push(error),
    ...options,
  }));
  opened.push(engine);
  return engine;
}

/** A program in the engine's place. */
function program(text: string): string {
  const file = path.join(folder, 'program.js');
  writeFileSync(file, text);
  return file;
}

describe("the engine's process", () => {
  it('starts at the first request, once for all who ask', async () => {
    const engine = open();
    expect(engine.pid).toBeUndefined();
    const [first, second] = await Promise.all([engine.methods(), engine.methods()]);
    expect(second).toBe(first);
    await expect(first.encode(encoding, never)).resolves.toMatchObject({ ids: [1929, 1000] });
  });

  it('is told dead to whoever asked and once besides, and another one starts', async () => {
    const engine = open();
    const methods = await engine.methods();
    const pending = methods.trainTokenizer(
      {
        data: [ENGINE],
        vocab: 90_000,
        pattern: 'gpt2',
        specialTokens: [],
        out: `${folder}/t.json`,
      },
      never,
    );
    const asked = expect(
      (async () => {
        for await (const event of pending) if (event.kind === 'done') return event;
        return undefined;
      })(),
    ).rejects.toMatchObject({ code: 'engine-ended' });
    process.kill(engine.pid!, 'SIGKILL');
    await asked;
    expect(crashes).toMatchObject([{ code: 'engine-exit' }]);
    expect(crashes[0]?.message).toContain('SIGKILL');
    const again = await engine.methods();
    await expect(again.decode({ tokenizer: 'gpt2', ids: [1929, 1000] }, never)).resolves.toBe(
      'whale',
    );
  });

  it('fails what is pending when it is told to end: a call, a stream, and its own start', async () => {
    const engine = open();
    const methods = await engine.methods();
    const request = { data: [ENGINE], vocab: 90_000, pattern: 'gpt2', specialTokens: [] } as const;
    const out = path.join(folder, 'stopped.json');
    const events = methods.trainTokenizer(
      { ...request, specialTokens: [], data: [ENGINE], out },
      never,
    );
    const stream = events[Symbol.asyncIterator]();
    await stream.next();
    const pending = [stream.next(), methods.encode(encoding, never)];
    engine.stop();
    const ended = { status: 'rejected', reason: { code: 'engine-ended' } };
    expect(await Promise.allSettled(pending)).toMatchObject([ended, ended]);

    const starting = engine.methods();
    engine.stop();
    await expect(starting).rejects.toMatchObject({ code: 'engine-ended' });
    await expect((await engine.methods()).encode(encoding, never)).resolves.toBeDefined();
    expect(crashes).toEqual([]);
  });

  it('ends without a word when it is told to', async () => {
    const engine = open();
    await engine.methods();
    engine.stop();
    await engine.methods();
    engine.dispose();
    await expect(engine.methods()).rejects.toMatchObject({ code: 'engine-ended' });
    expect(crashes).toEqual([]);
  });

  it('says what a program wrote that ends at once', async () => {
    const file = program('console.error("no memory left"); process.exitCode = 3;');
    await expect(open({ file }).methods()).rejects.toMatchObject({
      code: 'engine-start',
      message: expect.stringMatching(/with .*: it ended with code 3\.$/) as string,
      details: { lines: ['no memory left'] },
    });
    // It never was an engine: nothing is told besides.
    expect(crashes).toEqual([]);
  });

  it('names the setting where there is no such Node', async () => {
    await expect(open({ node: path.join(folder, 'node') }).methods()).rejects.toMatchObject({
      code: 'engine-start',
      remedy:
        'Name a Node 20.19 or later in the setting glassbox.node.path, or empty that setting.',
    });
  });
});

describe('which Node runs it', () => {
  const surroundings = {
    ...{ named: '', extensionFolder: '/extension', searchPath: '/a:/b', editor: '/code' },
    platform: 'linux',
  } as const;
  const withFiles = (...files: string[]) =>
    findNode({ ...surroundings, exists: (file) => files.includes(file) });

  it('is the named, the packed, the one on the path, or the editor itself', () => {
    const packed = path.join('/extension', packedNode('linux'));
    expect(findNode({ ...surroundings, named: '/mine' })).toMatchObject({ file: '/mine' });
    expect(withFiles(packed, '/b/node')).toMatchObject({ file: packed, source: 'packed' });
    expect(withFiles('/b/node')).toMatchObject({ file: '/b/node', source: 'path' });
    expect(withFiles()).toMatchObject({ file: '/code', env: { ELECTRON_RUN_AS_NODE: '1' } });
  });

  it('does not notice that VS Code started it', () => {
    const env = { PATH: '/a', VSCODE_PID: '1', ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '-r x' };
    expect(cleanEnvironment(env)).toEqual({ PATH: '/a' });
  });
});
