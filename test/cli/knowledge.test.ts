import { describe, expect, it } from 'vitest';
import { probeRequestSchema, teachRequestSchema } from '../../src/protocol/knowledgeMessages';
import { cli, FakeEngine } from './fakeEngine';

describe('knowledge probe', () => {
  it('asks for what its options say, and shows table and plot', async () => {
    const args = ['knowledge', 'probe', '--model', 'm', '--tinyworld', 'w', '--split', 'held-out'];
    const more = ['--limit', '9', '--samples', '3', '--before', 'p', '--out', 'o', '--seed', '4'];
    const { code, out, err, engine } = await cli([...args, ...more], { columns: 100 });
    expect(code).toBe(0);
    expect(probeRequestSchema.parse(engine.asked[0])).toMatchObject({
      model: 'm',
      source: { kind: 'tinyworld', folder: 'w', split: 'held-out' },
      ...{ limit: 9, samples: 3, before: 'p', out: 'o', seed: 4, temperature: 1 },
    });
    expect(out).toContain('2 known, 0 inconsistent, 1 unknown (made up), 1 refused');
    expect(out).toContain('1 answers had no end');
    expect(out).toMatch(/never told +2 .*50\.0% \[9\.5, 90\.5\]/);
    expect(out).toMatch(/0\.9-1\.0 █+·+ 66\.7% .* of 3/);
    expect(err).toContain('a.jsonl:2');
    expect(out + err).not.toContain('\u001b');
  });

  it('takes one kind of source and no other', async () => {
    const probe = ['knowledge', 'probe', '--model', 'm'];
    const texts = await cli([...probe, '--data', 'a', 'b', '--writer', 'w', '--json']);
    expect(texts.engine.asked[0]).toMatchObject({
      source: { kind: 'texts', paths: ['a', 'b'], writer: 'w' },
    });
    expect(texts.lines).toHaveLength(2);
    expect((await cli([...probe, '--data', 'a', '--questions', 'b'])).code).toBe(1);
    const again = await cli([...probe, '--before', 'p']);
    expect(probeRequestSchema.parse(again.engine.asked[0])).toMatchObject({
      ...{ before: 'p', source: { kind: 'probe', folder: 'p' } },
    });
    const none = await cli(probe);
    expect(none.code).toBe(1);
    expect(none.err).toContain('--tinyworld');
  });
});

describe('knowledge teach', () => {
  it('tells what it has made', async () => {
    const args = ['knowledge', 'teach', '--probe', 'p', 'q', '--profile', 'me.txt', '--out', 't'];
    const { code, out, engine } = await cli([...args, '--refusal', 'No.']);
    expect(code).toBe(0);
    expect(teachRequestSchema.parse(engine.asked[0])).toEqual({
      ...{ probes: ['p', 'q'], profile: 'me.txt', refusals: ['No.'], seed: 1, out: 't' },
    });
    expect(out).toContain('5 answers kept, 4 refusals, 9 conversations about itself in /t.jsonl');
    expect(out).not.toContain('refuse nearly everything');
    const few = new FakeEngine();
    few.teachKnowledge = () =>
      Promise.resolve({ file: '/t', answers: 1, refusals: 5, leftOut: 0, identity: 0 });
    expect((await cli(args, { engine: few })).out).toContain('refuse nearly everything');
    expect((await cli(['knowledge', 'teach', '--out', 't'])).err).toContain('--profile');
  });
});
