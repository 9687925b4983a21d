/**
 * Kernels tried on the adapter itself, a software one here, where nobody should want it: what is found
 * is kept in a file, taken from there the next time, and changes results no more.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { CompileProgress } from '../../src/engine/backend/backend';
import { findAdapter, openWebgpu, profile } from '../../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();
const software = (await findAdapter())?.software ?? true;

const [ROWS, INNER, COLUMNS] = [36, 16, 40];
const x = Float32Array.from({ length: ROWS * INNER }, (_, i) => Math.sin(i));
const weight = Float32Array.from({ length: COLUMNS * INNER }, (_, i) => Math.cos(3 * i));

const cacheSchema = z.object({
  version: z.literal(4),
  adapters: z.record(z.string(), z.record(z.string(), z.looseObject({ plan: z.unknown() }))),
});

describe('tuning', () => {
  const folders: string[] = [];
  let cacheFolder: string;
  const file = (): string => path.join(cacheFolder, 'webgpu-tuning.json');
  const cache = () => cacheSchema.parse(JSON.parse(readFileSync(file(), 'utf8')));
  beforeEach(() => {
    cacheFolder = mkdtempSync(path.join(tmpdir(), 'glassbox-tuning-'));
    folders.push(cacheFolder);
  });
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  /** A layer twice, in a process that has just begun, and what it was told meanwhile. */
  async function compute(tune?: boolean) {
    const asked = tune === undefined ? {} : { tune, tuningTime: 60_000 };
    const backend = await openWebgpu({ software: true, cacheFolder, ...asked });
    const store = await backend.allocate(new Map([['weight', [COLUMNS, INNER]]]));
    await store.write('weight', weight);
    const graph = new GraphBuilder();
    const w = graph.state('weight', [COLUMNS, INNER]);
    graph.output('y', graph.linear(graph.input('x', 'f32', [ROWS, INNER]), w));
    graph.output('z', graph.linear(graph.input('u', 'f32', [ROWS, INNER]), w));
    const told: CompileProgress[] = [];
    const program = await store.compile(graph.build(), { onProgress: (each) => told.push(each) });
    const { results, profile: found } = await profile(program, { x, u: x }, 'kernels');
    await backend.dispose();
    const of = (doing: CompileProgress['doing']) => told.filter((each) => each.doing === doing);
    const kernels = found.kernels.map(({ name }) => name).sort();
    return { results, kernels, tuned: of('tune'), compiled: of('compile') };
  }

  it('tries each product once, and keeps what was found', async () => {
    const first = await compute(true);
    expect(first.tuned).toEqual([{ doing: 'tune', done: 1, total: 1 }]);
    const [products] = Object.values(cache().adapters);
    expect(Object.keys(products!)).toHaveLength(1);

    const second = await compute(true);
    expect(second.tuned).toEqual([]);
    expect(second.kernels).toEqual(first.kernels);
    expect(second.results).toEqual(first.results);
    expect(second.compiled.at(-1)).toEqual({ doing: 'compile', done: 1, total: 1 });
  });

  it('takes what the file says', async () => {
    await compute(true);
    const kept = cache();
    const [adapter, products] = Object.entries(kept.adapters)[0]!;
    const product = Object.keys(products)[0]!;
    const names = new Set<string>();
    for (const plan of [{ tier: 'plain' }, cacheTile(products[product]!.plan)]) {
      const entry = { plan, milliseconds: 1 };
      const other = { ...kept, adapters: { [adapter]: { [product]: entry } } };
      writeFileSync(file(), JSON.stringify(other));
      const { kernels, tuned } = await compute(true);
      expect(tuned).toEqual([]);
      for (const name of kernels) names.add(name);
    }
    expect(names.size).toBe(2);
  });

  /** The tile of 32, whole, if `plan` is not one. */
  function cacheTile(plan: unknown): unknown {
    const tile = { size: 32, each: 4, speed: 0.45 };
    const known = z.object({ tier: z.literal('tile') }).safeParse(plan).success;
    return known ? plan : { tier: 'tile', tile, staged: 'f32', span: INNER, parts: 1 };
  }

  it.each([
    ['is no JSON', '{"version": 4, "adap'],
    ['is of another version', '{"version": 0, "adapters": {}}'],
    ['is something else', '[1, 2]'],
  ])('begins anew where the file %s', async (_, text) => {
    writeFileSync(file(), text);
    expect((await compute(true)).tuned).toHaveLength(1);
    expect(Object.keys(cache().adapters)).toHaveLength(1);
  });

  it('keeps what others have found, and tries again what no kernel knows any more', async () => {
    await compute(true);
    const { adapters } = cache();
    const [adapter, products] = Object.entries(adapters)[0]!;
    const gone = { plan: { tier: 'gone' }, milliseconds: 1 };
    const others = {
      'another GPU': { product: gone },
      [adapter]: {
        ...Object.fromEntries(Object.keys(products).map((each) => [each, gone])),
        'another product': gone,
      },
    };
    writeFileSync(file(), JSON.stringify({ version: 4, adapters: others }));
    expect((await compute(true)).tuned).toHaveLength(1);
    const now = cache().adapters;
    expect(now['another GPU']).toEqual(others['another GPU']);
    expect(now[adapter]).toMatchObject({ 'another product': gone });
    expect((await compute(true)).tuned).toEqual([]);
  });

  it('tries a product that is scaled by itself: not every kernel can', async () => {
    const backend = await openWebgpu({
      software: true,
      tune: true,
      tuningTime: 60_000,
      cacheFolder,
    });
    const store = await backend.allocate(new Map());
    const graph = new GraphBuilder();
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'f32', [ROWS, ROWS]));
    for (const scale of [1, 0.5, 0.25]) graph.output(`y${scale}`, graph.matmul(a!, b!, { scale }));
    await store.compile(graph.build());
    const [products] = Object.values(cache().adapters);
    expect(Object.keys(products!)).toHaveLength(2);
    await backend.dispose();
  });

  it('leaves alone what there is no time for', async () => {
    const backend = await openWebgpu({ software: true, tune: true, tuningTime: 0, cacheFolder });
    const store = await backend.allocate(new Map([['weight', [COLUMNS, INNER]]]));
    await store.write('weight', weight);
    const graph = new GraphBuilder();
    const input = graph.input('x', 'f32', [ROWS, INNER]);
    graph.output('y', graph.linear(input, graph.state('weight', [COLUMNS, INNER])));
    const program = await store.compile(graph.build());
    expect((await program.run({ x }))['y']).toEqual((await compute(false)).results['y']);
    expect(existsSync(file())).toBe(false);
    await backend.dispose();
  });

  it('works where nothing can be kept', async () => {
    writeFileSync(path.join(cacheFolder, 'taken'), '');
    cacheFolder = path.join(cacheFolder, 'taken');
    expect((await compute(true)).tuned).toHaveLength(1);
  });

  it.runIf(software)('is not done unasked on a software adapter', async () => {
    expect((await compute()).tuned).toEqual([]);
  });
});
