/**
 * What a run writes down while it goes on: metrics (steps and evaluations) and samples, each a file of
 * JSON Lines in the run's folder.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { atomicFile, fileError, readTextIfPresent } from '../../base/files';
import type { EvaluationEvent, SampleEvent, StepEvent } from './events';

export const METRICS = 'metrics.jsonl';
export const SAMPLES = 'samples.jsonl';

const lineSchema = z.object({ kind: z.string(), step: z.number() });
export type RecordLine = z.infer<typeof lineSchema>;

interface RecordFile {
  readonly path: string;
  readonly descriptor: number;
}

export class RunRecords {
  readonly #metrics: RecordFile;
  readonly #samples: RecordFile;
  /** The kinds of what was recorded already of the step that the run goes on from. */
  readonly lastKinds: ReadonlySet<string>;

  private constructor(metrics: RecordFile, samples: RecordFile, lastKinds: ReadonlySet<string>) {
    this.#metrics = metrics;
    this.#samples = samples;
    this.lastKinds = lastKinds;
  }

  /**
   * Opens both files for more lines, with those that `keep` says of the old ones.
   *
   * @param last the step that the run goes on from
   */
  static async open(
    folder: string,
    keep: (line: RecordLine) => boolean,
    last: number,
  ): Promise<RunRecords> {
    const kinds = new Set<string>();
    const noting = (line: RecordLine): boolean => {
      const kept = keep(line);
      if (kept && line.step === last) kinds.add(line.kind);
      return kept;
    };
    const metrics = await reopen(path.join(folder, METRICS), noting);
    const samples = await reopen(path.join(folder, SAMPLES), noting);
    return new RunRecords(metrics, samples, kinds);
  }

  /** Throws the file system's reason, as all here do. */
  add(event: StepEvent | EvaluationEvent | SampleEvent): void {
    const file = event.kind === 'sample' ? this.#samples : this.#metrics;
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      // A disk that is nearly full takes a part: the rest is tried, and then fails.
      for (let at = 0; at < line.length;) at += writeSync(file.descriptor, line, at);
    } catch (thrown) {
      throw fileError(thrown, 'write', file.path);
    }
  }

  /** Brings them to the disk: a checkpoint must not be newer than what led to it. */
  sync(): void {
    for (const file of [this.#metrics, this.#samples]) {
      try {
        fsyncSync(file.descriptor);
      } catch (thrown) {
        throw fileError(thrown, 'write', file.path);
      }
    }
  }

  close(): void {
    closeSync(this.#metrics.descriptor);
    closeSync(this.#samples.descriptor);
  }
}

async function reopen(file: string, keep: (line: RecordLine) => boolean): Promise<RecordFile> {
  try {
    const text = (await readTextIfPresent(file)) ?? '';
    const kept = linesThat(text, keep);
    if (kept !== text) await atomicFile(file, kept);
    return { path: file, descriptor: openSync(file, 'a') };
  } catch (thrown) {
    throw fileError(thrown, 'write', file);
  }
}

/** The lines that are whole and that `keep` says. */
function linesThat(text: string, keep: (line: RecordLine) => boolean): string {
  const kept = text.split('\n').filter((line) => {
    try {
      return keep(lineSchema.parse(JSON.parse(line)));
    } catch {
      // A killed writer's half line, or the end of the text.
      return false;
    }
  });
  return kept.map((line) => `${line}\n`).join('');
}
