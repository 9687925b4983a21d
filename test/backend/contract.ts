/** What stores and programs promise, apart from arithmetic. */
import { expect, it } from 'vitest';
import type { Backend, Store } from '../../src/engine/backend/backend';
import { differentiate, GraphBuilder } from '../../src/engine/graph/graph';
import type { Shape } from '../../src/engine/graph/graph';
import { cases, operatorNames } from './cases';
import { flow, forwardSketch } from './gradientSketch';
import { runOn, Sketch } from './sketch';

const floats = (...values: number[]) => Float32Array.from(values);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

export function contract(backendOf: () => Backend): void {
  const allocate = (states: Record<string, Shape>) =>
    backendOf().allocate(new Map(Object.entries(states)));
  const withStore = async (
    states: Record<string, Shape>,
    use: (store: Store) => Promise<void>,
  ): Promise<void> => {
    const store = await allocate(states);
    try {
      await use(store);
    } finally {
      await store.dispose();
    }
  };

  it('starts with zeros', () =>
    withStore({ a: [2, 3], b: [1] }, async (store) => {
      expect(await store.read('a')).toEqual(new Float32Array(6));
      expect(await store.read('b')).toEqual(new Float32Array(1));
      expect([...store.states]).toEqual([
        ['a', [2, 3]],
        ['b', [1]],
      ]);
    }));

  it('gives back exactly what was written, as a copy', () =>
    withStore({ a: [4] }, async (store) => {
      const values = floats(0.1, -1e-30, 3e38, -0);
      const written = values.slice();
      await store.write('a', written);
      written.fill(7);
      const first = await store.read('a');
      expect(first).toEqual(values);
      first.fill(8);
      expect(await store.read('a')).toEqual(values);
    }));

  it('takes in more states and frees some, and keeps the others', () =>
    withStore({ a: [2] }, async (store) => {
      await store.write('a', floats(1, 2));
      await store.add(new Map([['b', [3]]]));
      expect(await store.read('b')).toEqual(new Float32Array(3));
      await expect(
        store.add(
          new Map([
            ['c', [1]],
            ['a', [9]],
          ]),
        ),
      ).rejects.toEqual(code('backend-feed'));
      expect([...store.states.keys()]).toEqual(['a', 'b']);
      const graph = new GraphBuilder();
      const [a, b] = [graph.state('a', [2]), graph.state('b', [3])];
      graph.assign(b, graph.concatenate([a, graph.scalar(5)], 0));
      await (await store.compile(graph.build())).run({});
      expect(await store.read('b')).toEqual(floats(1, 2, 5));
      await expect(store.remove(['b', 'c'])).rejects.toEqual(code('backend-feed'));
      await store.remove(['b']);
      await expect(store.read('b')).rejects.toEqual(code('backend-feed'));
      await expect(store.compile(graph.build())).rejects.toEqual(code('backend-compile'));
      expect(await store.read('a')).toEqual(floats(1, 2));
    }));

  it('computes the same with frozen states, and still updates the others', () =>
    withStore({ weight: [3, 2], sum: [1, 3] }, async (store) => {
      const graph = new GraphBuilder();
      const [weight, sum] = [graph.state('weight', [3, 2]), graph.state('sum', [1, 3])];
      const product = graph.linear(graph.input('x', 'f32', [1, 2]), weight);
      graph.assign(sum, graph.add(sum, product));
      graph.output('product', product);
      await store.write('weight', floats(1, 2, 3, 4, 5, 6));
      const program = await store.compile(graph.build(), { frozen: true });
      expect((await program.run({ x: floats(1, 1) }))['product']).toEqual(floats(3, 7, 11));
      expect((await program.run({ x: floats(2, 0) }))['product']).toEqual(floats(2, 6, 10));
      expect(await store.read('sum')).toEqual(floats(5, 13, 21));
      expect(await store.read('weight')).toEqual(floats(1, 2, 3, 4, 5, 6));
    }));

  it('refuses unknown states and wrong lengths, and keeps what was there', () =>
    withStore({ a: [2] }, async (store) => {
      await store.write('a', floats(1, 2));
      await expect(store.write('b', floats(1))).rejects.toThrow(/\bb\b/);
      await expect(store.read('b')).rejects.toThrow(/\bb\b/);
      await expect(store.write('a', floats(1, 2, 3))).rejects.toThrow(/\b3\b/);
      expect(await store.read('a')).toEqual(floats(1, 2));
    }));

  it('assigns after every read of the run: two states swap', () =>
    withStore({ a: [2], b: [2] }, async (store) => {
      const graph = new GraphBuilder();
      const [a, b] = [graph.state('a', [2]), graph.state('b', [2])];
      graph.assign(a, b);
      graph.assign(b, a);
      graph.output('old a', a);
      await store.write('a', floats(1, 2));
      await store.write('b', floats(3, 4));
      const program = await store.compile(graph.build());
      expect((await program.run({}))['old a']).toEqual(floats(1, 2));
      expect(await store.read('a')).toEqual(floats(3, 4));
      expect(await store.read('b')).toEqual(floats(1, 2));
      await program.run({});
      expect(await store.read('a')).toEqual(floats(1, 2));
      expect(await store.read('b')).toEqual(floats(3, 4));
    }));

  it('outputs the old value of a state that it updates, and the new one if asked', () =>
    withStore({ a: [2] }, async (store) => {
      const graph = new GraphBuilder();
      const a = graph.state('a', [2]);
      const next = graph.add(a, graph.scalar(1));
      graph.assign(a, next);
      graph.output('old', a);
      graph.output('new', next);
      const program = await store.compile(graph.build());
      const first = await program.run({});
      expect(first['old']).toEqual(floats(0, 0));
      expect(first['new']).toEqual(floats(1, 1));
      const second = await program.run({});
      expect(second['new']).toEqual(floats(2, 2));
      // What one run gave, a later one must not change.
      expect(first['old']).toEqual(floats(0, 0));
      expect(first['new']).toEqual(floats(1, 1));
      expect(await store.read('a')).toEqual(floats(2, 2));
    }));

  it('outputs the old parameter beside an AdamW step that replaces it', () =>
    withStore({ p: [3], m: [3], v: [3] }, async (store) => {
      const graph = new GraphBuilder();
      const [parameter, moment1, moment2] = [
        graph.state('p', [3]),
        graph.state('m', [3]),
        graph.state('v', [3]),
      ];
      const gradient = graph.input('g', 'f32', [3]);
      const one = graph.scalar(1);
      const next = graph.adamw(
        { parameter, moment1, moment2, gradient },
        { learningRate: one, correction1: one, correction2: one, gradientScale: one },
        { beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0, learningRateScale: 1 },
      );
      graph.assign(parameter, next.parameter);
      graph.assign(moment1, next.moment1);
      graph.assign(moment2, next.moment2);
      graph.output('old', parameter);
      graph.output('reshaped', graph.reshape(parameter, [3, 1]));
      graph.output('doubled', graph.scale(parameter, 2));
      const program = await store.compile(graph.build());
      await store.write('p', floats(5, 6, 7));
      const results = await program.run({ g: floats(2, -3, 4) });
      expect(results['old']).toEqual(floats(5, 6, 7));
      expect(results['reshaped']).toEqual(floats(5, 6, 7));
      expect(results['doubled']).toEqual(floats(10, 12, 14));
      expect(await store.read('p')).toEqual(floats(4, 7, 6));
      expect(await store.read('m')).toEqual(floats(2, -3, 4));
      expect(await store.read('v')).toEqual(floats(4, 9, 16));
    }));

  it('assigns a value that no state is read for', () =>
    withStore({ a: [2] }, async (store) => {
      const graph = new GraphBuilder();
      graph.assign(graph.state('a', [2]), graph.input('x', 'f32', [2]));
      const program = await store.compile(graph.build());
      const fed = floats(3, 5);
      expect(await program.run({ x: fed })).toEqual({});
      fed.fill(0);
      expect(await store.read('a')).toEqual(floats(3, 5));
    }));

  it('assigns a constant again and again without changing it', () =>
    withStore({ a: [2], b: [2] }, async (store) => {
      const graph = new GraphBuilder();
      const [a, b] = [graph.state('a', [2]), graph.state('b', [2])];
      const constant = graph.constant(floats(1, 2), [2]);
      graph.assign(a, constant);
      graph.assignAt(b, graph.constant(floats(9), [1]), 0, graph.constant(Int32Array.of(1), [1]));
      const program = await store.compile(graph.build());
      await program.run({});
      await store.write('a', floats(0, 0));
      await program.run({});
      expect(await store.read('a')).toEqual(floats(1, 2));
      expect(await store.read('b')).toEqual(floats(0, 9));
    }));

  it('assigns one value to two states, which then go their own ways', () =>
    withStore({ a: [1], b: [1] }, async (store) => {
      const graph = new GraphBuilder();
      const [a, b] = [graph.state('a', [1]), graph.state('b', [1])];
      const next = graph.add(a, graph.scalar(1));
      graph.assign(a, next);
      graph.assign(b, next);
      const program = await store.compile(graph.build());
      await program.run({});
      await store.write('a', floats(10));
      expect(await store.read('b')).toEqual(floats(1));
      await program.run({});
      expect(await store.read('a')).toEqual(floats(11));
      expect(await store.read('b')).toEqual(floats(11));
    }));

  it('assigns another state through a reshape, after which both go their own ways', () =>
    withStore({ a: [2, 3], b: [6], c: [3, 2] }, async (store) => {
      const graph = new GraphBuilder();
      const [a, b] = [graph.state('a', [2, 3]), graph.state('b', [6])];
      const c = graph.state('c', [3, 2]);
      graph.assign(b, graph.reshape(a, [6]));
      graph.assign(c, graph.reshape(graph.reshape(a, [6]), [3, 2]));
      graph.output('old', graph.reshape(a, [6]));
      const program = await store.compile(graph.build());
      const [first, second] = [floats(1, 2, 3, 4, 5, 6), floats(6, 5, 4, 3, 2, 1)];
      await store.write('a', first);
      const results = await program.run({});
      await store.write('a', second);
      expect(results['old']).toEqual(first);
      expect(await store.read('b')).toEqual(first);
      await store.write('b', second);
      expect(await store.read('c')).toEqual(first);
    }));

  for (const axis of [0, 1, 2]) {
    it(`assigns a part along axis ${axis}, at every offset`, () =>
      withStore({ a: [3, 4, 5] }, async (store) => {
        const shape = [3, 4, 5];
        const part = shape.map((length, i) => (i === axis ? 2 : length));
        const graph = new GraphBuilder();
        const offset = graph.input('offset', 'i32', [1]);
        const x = graph.input('x', 'f32', part);
        graph.assignAt(graph.state('a', shape), x, axis, offset);
        const program = await store.compile(graph.build());
        for (let at = 0; at + 2 <= shape[axis]!; at++) {
          const before = Float32Array.from({ length: 60 }, (_, i) => i);
          const fresh = Float32Array.from({ length: 120 / shape[axis]! }, (_, i) => -1 - i);
          await store.write('a', before);
          await program.run({ offset: Int32Array.of(at), x: fresh });
          const inner = shape.slice(axis + 1).reduce((n, length) => n * length, 1);
          const expected = before.map((value, i) => {
            const along = Math.floor(i / inner) % shape[axis]!;
            if (along < at || along >= at + 2) return value;
            const outer = Math.floor(i / (inner * shape[axis]!));
            return fresh[(outer * 2 + along - at) * inner + (i % inner)]!;
          });
          expect(await store.read('a')).toEqual(expected);
        }
      }));
  }

  it('shares states between programs', () =>
    withStore({ a: [2] }, async (store) => {
      const writing = new GraphBuilder();
      writing.assign(writing.state('a', [2]), writing.input('x', 'f32', [2]));
      const reading = new GraphBuilder();
      reading.output('twice', reading.scale(reading.state('a', [2]), 2));
      const [writer, reader] = [
        await store.compile(writing.build()),
        await store.compile(reading.build()),
      ];
      await writer.run({ x: floats(1, 2) });
      expect((await reader.run({}))['twice']).toEqual(floats(2, 4));
      await writer.run({ x: floats(3, 4) });
      expect((await reader.run({}))['twice']).toEqual(floats(6, 8));
      await writer.dispose();
      expect((await reader.run({}))['twice']).toEqual(floats(6, 8));
    }));

  it('refuses feeds that are missing, unknown, mistyped or of the wrong length, and runs after', () =>
    withStore({ a: [2] }, async (store) => {
      const graph = new GraphBuilder();
      const x = graph.input('x', 'f32', [2]);
      const a = graph.state('a', [2]);
      const ids = graph.toFloat(graph.input('ids', 'i32', [2]));
      graph.assign(a, graph.add(a, graph.add(x, ids)));
      const program = await store.compile(graph.build());
      const good = { x: floats(1, 2), ids: Int32Array.of(3, 4) };
      const refused = code('backend-feed');
      await expect(program.run({ x: good.x })).rejects.toEqual(refused);
      await expect(program.run({ ...good, y: good.x })).rejects.toEqual(refused);
      await expect(program.run({ ...good, x: good.ids })).rejects.toEqual(refused);
      await expect(program.run({ ...good, ids: good.x })).rejects.toEqual(refused);
      await expect(program.run({ ...good, x: floats(1) })).rejects.toEqual(refused);
      await expect(program.run({ ...good, x: floats(1) })).rejects.toThrow(/x f32\[2\]/);
      expect(await store.read('a')).toEqual(floats(0, 0));
      await program.run(good);
      expect(await store.read('a')).toEqual(floats(4, 6));
    }));

  it('refuses to compile for states that the store lacks or shapes otherwise', () =>
    withStore({ a: [2, 3] }, async (store) => {
      const lacking = new GraphBuilder();
      lacking.output('y', lacking.state('b', [2]));
      const misshapen = new GraphBuilder();
      misshapen.output('y', misshapen.state('a', [3, 2]));
      await expect(store.compile(lacking.build())).rejects.toEqual(code('backend-compile'));
      await expect(store.compile(misshapen.build())).rejects.toEqual(code('backend-compile'));
    }));

  it('gives the same bits for the same run', async () => {
    for (const operator of operatorNames) {
      const { sketch, graph } = forwardSketch(cases[operator].at(-1)!);
      const first = await runOn(backendOf(), sketch, graph);
      expect(await runOn(backendOf(), sketch, graph), operator).toEqual(first);
    }
  });

  it('leaves a frozen parameter without gradient and unchanged', async () => {
    const sketch = new Sketch();
    const { graph } = sketch;
    const [before, kept] = [new Float32Array(12).fill(0.3), new Float32Array(9).fill(0.2)];
    const trained = sketch.tensorOf(before, [4, 3], 'trained');
    const frozen = sketch.tensorOf(kept, [3, 3], 'frozen');
    const y = graph.linear(graph.linear(sketch.fed([2, 3]), frozen), trained);
    const loss = graph.total(graph.multiply(y, y));
    const [gradient] = differentiate(graph, loss, [trained]);
    graph.assign(trained, graph.subtract(trained, graph.scale(gradient!, 0.01)));
    graph.output('loss', loss);
    const results = await runOn(backendOf(), sketch, graph.build());
    expect(results['after frozen']).toEqual(kept);
    expect(results['after trained']).not.toEqual(before);
  });

  it('refuses everything once disposed of', async () => {
    const store = await allocate({ a: [1] });
    const graph = new GraphBuilder();
    graph.output('y', graph.scale(graph.state('a', [1]), 2));
    const built = graph.build();
    const [program, other] = [await store.compile(built), await store.compile(built)];
    await program.dispose();
    await expect(program.run({})).rejects.toEqual(code('backend-disposed'));
    expect((await other.run({}))['y']).toEqual(floats(0));
    await store.dispose();
    await expect(other.run({})).rejects.toEqual(code('backend-disposed'));
    await expect(store.read('a')).rejects.toEqual(code('backend-disposed'));
    await expect(store.write('a', floats(1))).rejects.toEqual(code('backend-disposed'));
    await expect(store.compile(built)).rejects.toEqual(code('backend-disposed'));
    // Twice does no harm.
    await store.dispose();
    await program.dispose();
  });

  it('refuses the gradient of what has none, by name', () => {
    for (const operator of operatorNames) {
      if (flow[operator] !== 'refused') continue;
      const sketch = new Sketch();
      const outputs = cases[operator][0].build(sketch);
      const wanted = [...sketch.states.values()][0]!.value;
      expect(() => differentiate(sketch.graph, sketch.lossOf(outputs), [wanted])).toThrow(operator);
    }
  });
}
