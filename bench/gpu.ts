/**
 * The GPU's table: what a GPU gives, beside PyTorch on the same one. First it says what the adapter
 * offers, then it checks numbers against the CPU's, then it times row after row, ours and the peer's by
 * turns, each in a process of its own; the table comes last. A row that fails says why and costs no
 * other row. Made to run from a checkout and out of the portable archive (`scripts/gpu-bench`).
 *
 *   npm run bench -- gpu [--python PATH]   a Python with PyTorch, for the peers
 *     [--rows 0,3]      only these rows, counted from 0
 *     [--repeats 10] [--rounds 1]
 *     [--model FOLDER]  whose greedy text is compared with the CPU's; else one of random weights
 *     [--quick]         tiny shapes: shows that it runs, where there is only a software adapter
 *     [--peers FOLDER]  where the Python programs are
 *
 * Our times are by the clock, from the call to its results, on the host. A product's operands and
 * result stay on the GPU; a step uploads its tokens and reads its loss; a decoded token comes with its
 * whole distribution. PyTorch is timed likewise, synchronized, after warming up.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { casesOf, describeWork, PROMPT, speedOf } from './support/gpuCases';
import type { Case } from './support/gpuCases';
import { checkNumbers, describeAdapter, measuredSchema, measureOurs } from './support/gpuOurs';
import type { Measured } from './support/gpuOurs';
import { inProcess, median } from './support/rounds';

const peerSchema = z.object({ milliseconds: z.number(), device: z.string() });

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    rows: { type: 'string' },
    repeats: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '1' },
    model: { type: 'string' },
    quick: { type: 'boolean', default: false },
    peers: { type: 'string', default: path.join('bench', 'python') },
    measure: { type: 'string' },
  },
});

function peerArguments({ work, precision }: Case): string[] {
  const dtype = precision === 'f32' ? 'float32' : 'bfloat16';
  const options: Record<string, string | number> = { repeats: values.repeats };
  if (work.kind === 'matmul') Object.assign(options, { size: work.size, chain: work.chain });
  else {
    const { layers, heads, kvHeads, width, intermediate, context, vocab } = work.config;
    Object.assign(options, { layers, heads, 'kv-heads': kvHeads, width, intermediate });
    Object.assign(options, { context, vocab });
    if (work.kind === 'step') Object.assign(options, { batch: work.batch });
    else Object.assign(options, { tokens: work.tokens, prompt: PROMPT });
  }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [path.join(values.peers, 'gpu_peer.py'), work.kind, '--dtype', dtype, ...flags];
}

function measurePeer(python: string, each: Case): z.infer<typeof peerSchema> {
  const { status, signal, stdout, stderr } = spawnSync(python, peerArguments(each), {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0)
    throw new Error(`PyTorch ended by ${status ?? signal}:\n${stderr.slice(-2000)}`);
  return peerSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

interface Row {
  readonly each: Case;
  readonly ours: Measured[];
  readonly theirs: number[];
  readonly failures: string[];
}

const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

function measureRow(each: Case, index: number): Row {
  const row: Row = { each, ours: [], theirs: [], failures: [] };
  const quick = values.quick ? ['--quick'] : [];
  console.log(`\n${each.name}: ${describeWork(each.work)}`);
  const attempt = (who: string, measure: () => void): void => {
    try {
      measure();
    } catch (thrown) {
      row.failures.push(who);
      console.log(`  ${who} failed: ${messageOf(thrown)}`);
    }
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    attempt('ours', () => {
      const args = ['--measure', String(index), '--repeats', values.repeats, ...quick];
      const ours = inProcess(args, measuredSchema);
      row.ours.push(ours);
      console.log(`  ours ${show(each, ours.milliseconds)}, ${ours.precision}`);
      if (round > 0 || ours.gpu === undefined || ours.host === undefined) return;
      const share = ((100 * ours.host) / ours.gpu).toFixed(1);
      console.log(
        `  GPU ${ours.gpu.toFixed(3)} ms, host ${ours.host.toFixed(3)} ms (${share}%), ` +
          `${ours.dispatches} dispatches`,
      );
      for (const kernel of ours.kernels) console.log(`    ${kernel}`);
    });
    const { python } = values;
    if (python !== undefined)
      attempt(each.peer, () => {
        const theirs = measurePeer(python, each);
        row.theirs.push(theirs.milliseconds);
        console.log(`  ${each.peer} ${show(each, theirs.milliseconds)}, on ${theirs.device}`);
      });
  }
  return row;
}

function show({ work }: Case, milliseconds: number): string {
  const { value, unit } = speedOf(work, milliseconds);
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** The lines of the table; a figure that isn't there is not made up. */
function tableOf(rows: readonly Row[]): string[] {
  const header = ['row', 'ours', 'computed in', 'peer', 'theirs', 'ratio', 'at least', 'aim'];
  const cells = rows.map(({ each, ours, theirs, failures }) => {
    const [our, their] = [median(ours.map(({ milliseconds }) => milliseconds)), median(theirs)];
    const missing = (who: string): string => (failures.includes(who) ? 'failed' : 'not measured');
    const ratio = median(
      theirs.flatMap((time, round) => (ours[round] ? [time / ours[round].milliseconds] : [])),
    );
    return [
      each.name,
      ours.length > 0 ? show(each, our) : missing('ours'),
      ours[0]?.precision ?? '',
      each.peer,
      theirs.length > 0 ? show(each, their) : missing(each.peer),
      Number.isNaN(ratio) ? '' : `${ratio.toPrecision(2)}x`,
      `${each.least}x`,
      `${each.aim}x`,
    ];
  });
  return [header, header.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`);
}

const textsSchema = z.array(z.string());

function main(): void {
  const { rows: wanted, quick, model } = values;
  const cases = casesOf(quick);
  const chosen =
    wanted === undefined ? cases.map((_, index) => index) : wanted.split(',').map(Number);
  console.log('The adapter');
  const adapter = inProcess(['--measure', 'adapter'], textsSchema);
  for (const line of adapter) console.log(`  ${line}`);
  if (adapter.length === 1) {
    process.exitCode = 1;
    return;
  }
  console.log('\nIts numbers');
  const checked = ['--measure', 'numbers', ...(quick ? ['--quick'] : [])];
  if (model !== undefined) checked.push('--model', model);
  let wrong = '';
  try {
    for (const line of inProcess(checked, textsSchema)) console.log(`  ${line}`);
  } catch (thrown) {
    // Time on a GPU is dear: what can be timed is timed, and the table says so.
    wrong = 'The check of the numbers FAILED: see above.\n';
    console.log(`  ${messageOf(thrown)}`);
  }
  const rows = chosen.flatMap((index) => (cases[index] ? [measureRow(cases[index], index)] : []));
  const notes = `${wrong}${quick ? 'Tiny shapes (--quick): these figures say nothing of a GPU.\n' : ''}`;
  console.log(`\n${notes}${tableOf(rows).join('\n')}`);
  if (wrong !== '' || rows.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

async function measure(what: string): Promise<unknown> {
  if (what === 'adapter') return describeAdapter();
  if (what === 'numbers') return checkNumbers(values.model, values.quick);
  const each = casesOf(values.quick)[Number(what)];
  if (!each) throw new Error(`There is no row ${what}.`);
  return measureOurs(each.work, each.precision, Number(values.repeats));
}

if (values.measure === undefined) main();
else
  void measure(values.measure).then(
    (result) => {
      console.log(JSON.stringify(result));
      process.exit(0);
    },
    (thrown: unknown) => {
      console.error(thrown);
      process.exit(1);
    },
  );
