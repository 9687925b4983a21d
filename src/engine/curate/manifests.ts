/**
 * What has an existing engine make a corpus on many machines that share a disk: job arrays for Slurm,
 * Indexed Jobs for Kubernetes (as JSON, which its tools read as well as YAML). Each job is a
 * `data curate` of one step; a job that is started again goes on with what is missing.
 */
import path from 'node:path';
import type { Step } from './steps';

export interface Cluster {
  readonly engine: 'slurm' | 'kubernetes';
  /** Parts that the filtering is cut into. */
  readonly shards: number;
  /** Processor cores for each job that filters. */
  readonly cores: number;
  /** How Glassbox is called there, as a shell reads it. */
  readonly command: string;
  /** Kubernetes: a container's image with Glassbox in it. */
  readonly image?: string | undefined;
  /** Kubernetes: the claim of a volume with the sources and the corpus, and where it is mounted. */
  readonly claim?: string | undefined;
  readonly mount?: string | undefined;
}

export interface Manifest {
  readonly name: string;
  readonly text: string;
}

/** A text as one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface Job {
  readonly name: string;
  /** Number of its shards; undefined for a job that is one. */
  readonly shards?: number | undefined;
  readonly cores: number;
  /** @param index the shell's expression for the shard's number */
  readonly script: (index: string) => string;
}

/** The jobs in their order. */
function jobsOf({ command, shards, cores }: Cluster, out: string, sections: number): Job[] {
  const call = (step: Step, more = ''): string =>
    `${command} data curate --out ${quoted(out)} --step ${step}${more}`;
  const jobs: Job[] = [
    {
      name: 'filter',
      shards,
      cores,
      script: (index) => call('filter', ` --shard "${index}/${shards}" --workers ${cores}`),
    },
    {
      name: 'bands',
      shards: sections,
      cores: 1,
      script: (index) => call('bands', ` --shard "${index}/${sections}"`),
    },
    { name: 'write', cores: 1, script: () => `${call('clusters')} && ${call('write')}` },
  ];
  return jobs.filter(({ shards: parts }) => parts !== 0);
}

function slurm(jobs: readonly Job[], out: string): Manifest[] {
  const scripts = jobs.map(({ name, shards, cores, script }) => {
    const lines = [
      '#!/bin/bash',
      `#SBATCH --job-name=glassbox-${name}`,
      `#SBATCH --cpus-per-task=${cores}`,
      ...(shards === undefined
        ? [`#SBATCH --output=${name}.log`]
        : [`#SBATCH --array=0-${shards - 1}`, `#SBATCH --output=${name}-%a.log`]),
      '',
      script('$SLURM_ARRAY_TASK_ID'),
      '',
    ];
    return { name: `${name}.sbatch`, text: lines.join('\n') };
  });
  const lines = [
    '#!/bin/sh',
    `# Makes the corpus in ${path.basename(out).replace(/[^\p{L}\p{N}._-]/gu, '_')}: each job waits for all of the one before it.`,
    'set -eu',
    'cd "$(dirname "$0")"',
    ...jobs.map(({ name }, i) => {
      const before = jobs[i - 1];
      const wait = before ? ` --dependency="afterok:\${${before.name}%%;*}"` : '';
      return `${name}=$(sbatch --parsable${wait} ${name}.sbatch)`;
    }),
    `echo "Submitted. The last job is \${${jobs.at(-1)!.name}%%;*}."`,
    '',
  ];
  return [...scripts, { name: 'submit.sh', text: lines.join('\n') }];
}

/** A name as Kubernetes allows it. */
const labelOf = (out: string): string =>
  path
    .basename(out)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/^-+|-+$/g, '') || 'corpus';

function kubernetes(jobs: readonly Job[], out: string, cluster: Cluster): Manifest[] {
  const { image = '', claim = '', mount = path.dirname(out) } = cluster;
  const label = labelOf(out);
  const manifests = jobs.map(({ name, shards = 1, cores, script }) => {
    const container = {
      name,
      image,
      command: ['/bin/sh', '-c', script('$JOB_COMPLETION_INDEX')],
      resources: { requests: { cpu: String(cores) } },
      volumeMounts: [{ name: 'corpus', mountPath: mount }],
    };
    const volumes = [{ name: 'corpus', persistentVolumeClaim: { claimName: claim } }];
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: `glassbox-${label}-${name}` },
      spec: {
        completionMode: 'Indexed',
        completions: shards,
        parallelism: shards,
        backoffLimit: 3 * shards,
        template: { spec: { restartPolicy: 'Never', containers: [container], volumes } },
      },
    };
    return { name: `${name}.json`, text: `${JSON.stringify(job, null, 2)}\n` };
  });
  const lines = [
    '#!/bin/sh',
    '# Each job is given to the cluster when all of the one before it is done.',
    'set -eu',
    'cd "$(dirname "$0")"',
    'for step in ' + jobs.map(({ name }) => name).join(' ') + '; do',
    `  job="job/glassbox-${label}-$step"`,
    '  kubectl apply -f "$step.json"',
    '  until kubectl wait --for=condition=complete --timeout=30s "$job" >/dev/null 2>&1; do',
    '    if kubectl wait --for=condition=failed --timeout=1s "$job" >/dev/null 2>&1; then',
    '      echo "$job has failed: kubectl logs $job" >&2',
    '      exit 1',
    '    fi',
    '  done',
    'done',
    '',
  ];
  return [...manifests, { name: 'submit.sh', text: lines.join('\n') }];
}

/** The files of a corpus in a folder, whose documents are compared in so many sections. */
export function manifestsFor(cluster: Cluster, out: string, sections: number): Manifest[] {
  const jobs = jobsOf(cluster, out, sections);
  return cluster.engine === 'slurm' ? slurm(jobs, out) : kubernetes(jobs, out, cluster);
}
