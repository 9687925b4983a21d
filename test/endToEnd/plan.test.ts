/** What `data plan` writes, run: by a Slurm and a Kubernetes that are a shell script each. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { page, prose, warcRecord } from '../curate/warcFiles';
import { testFolder } from '../train/runs';
import { cli, dist, json } from './programs';

const folder = testFolder();
const at = (...names: string[]): string => path.join(folder, ...names);

// A blank and an apostrophe: paths go through a shell.
const corpus = (name: string): string => at("the reader's", name);
const glassbox = `'${process.execPath}' '${path.join(dist, 'cli.js')}'`;
const what = (): string[] => [
  ...['--source', at('pages.warc'), '--set', 'nearDuplicates.bands=1', 'nearDuplicates.hashes=1'],
];

const contents = (name: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(corpus(name)).map((each) => [
      each,
      readFileSync(path.join(corpus(name), each), 'utf8'),
    ]),
  );

/** A program on the PATH, in the words of a shell. */
function program(name: string, script: string): void {
  mkdirSync(at('bin'), { recursive: true });
  writeFileSync(at('bin', name), `#!/bin/sh\nset -eu\n${script}\n`);
  chmodSync(at('bin', name), 0o755);
}

const submit = (script: string): string =>
  execFileSync('sh', [script], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`, LOG: at('log') },
  });

beforeAll(async () => {
  const filler = `<!--${'x'.repeat(1_500_000)}-->`;
  const records = Array.from({ length: 9 }, (_, i) => {
    const text = i < 5 ? prose(i) : prose(i - 5).replace(/ the /, ' a ');
    return warcRecord({ url: `http://example.com/${i}`, body: page(text) + filler });
  });
  writeFileSync(at('pages.warc'), Buffer.concat(records));
  const lines = await json(['data', 'curate', ...what(), '--out', corpus('single')]);
  expect(lines.at(-1)).toMatchObject({
    documentsKept: 5,
    dropped: { 'nearDuplicates.similar': 4 },
  });
});

it.skipIf(process.platform === 'win32')(
  'as Slurm’s job arrays makes the single run’s corpus',
  async () => {
    const out = corpus('slurm');
    const [plan] = await json([
      ...['data', 'plan', '--engine', 'slurm', ...what(), '--out', out],
      ...['--shards', '2', '--cores', '1', '--command', glassbox],
    ]);
    const inside = `${out}-slurm`;
    const names = ['filter.sbatch', 'bands.sbatch', 'write.sbatch', 'submit.sh'];
    expect(plan).toEqual({ files: names.map((name) => path.join(inside, name)) });
    // Runs every task of the array at once, and notes what each job was to wait for.
    program(
      'sbatch',
      `echo "$@" >> "$LOG"
for script in "$@"; do :; done
last=$(sed -n 's/^#SBATCH --array=0-//p' "$script")
i=0
while [ "$i" -le "\${last:-0}" ]; do
  SLURM_ARRAY_TASK_ID=$i bash "$script" >/dev/null
  i=$((i + 1))
done
echo "\${script%.sbatch}1;cluster"`,
    );
    expect(submit(path.join(inside, 'submit.sh'))).toBe('Submitted. The last job is write1.\n');
    expect(readFileSync(at('log'), 'utf8')).toBe(
      [
        '--parsable filter.sbatch',
        '--parsable --dependency=afterok:filter1 bands.sbatch',
        '--parsable --dependency=afterok:bands1 write.sbatch',
        '',
      ].join('\n'),
    );
    expect(contents('slurm')).toEqual(contents('single'));
  },
);

it.skipIf(process.platform === 'win32')(
  'as Kubernetes’ Indexed Jobs makes the single run’s corpus',
  async () => {
    const out = corpus('kubernetes');
    const plan = ['data', 'plan', '--engine', 'kubernetes', ...what(), '--out', out];
    const refused = await cli(plan);
    expect(refused.err).toMatch(/Give --image and --claim/);
    expect(existsSync(out)).toBe(false);
    await json([
      ...[...plan, '--shards', '2', '--cores', '1', '--command', glassbox],
      ...['--image', 'registry.example.com/glassbox', '--claim', 'disk'],
    ]);
    const inside = `${out}-kubernetes`;
    const job: unknown = JSON.parse(readFileSync(path.join(inside, 'bands.json'), 'utf8'));
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'glassbox-kubernetes-bands' },
      spec: {
        completionMode: 'Indexed',
        completions: 2,
        template: {
          spec: {
            containers: [
              {
                image: 'registry.example.com/glassbox',
                volumeMounts: [{ mountPath: path.dirname(out) }],
              },
            ],
            volumes: [{ persistentVolumeClaim: { claimName: 'disk' } }],
          },
        },
      },
    });
    // Runs a job's container for every index.
    writeFileSync(
      at('apply.cjs'),
      `const { spec } = JSON.parse(require('node:fs').readFileSync(process.argv[2], 'utf8'));
const [command, ...args] = spec.template.spec.containers[0].command;
for (let i = 0; i < spec.completions; i++)
  require('node:child_process').execFileSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, JOB_COMPLETION_INDEX: String(i) },
  });`,
    );
    program(
      'kubectl',
      `case "$1" in apply) exec '${process.execPath}' '${at('apply.cjs')}' "$3" ;; esac`,
    );
    submit(path.join(inside, 'submit.sh'));
    expect(contents('kubernetes')).toEqual(contents('single'));
  },
);
