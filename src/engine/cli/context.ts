/** What the commands share: what they are given, and the options that each of them has. */
import type { Command } from 'commander';
import type { Streams } from './console';
import type { Engine } from '../../protocol/protocol';

/** What the commands ask of the engine. */
export type CommandEngine = Pick<
  Engine,
  | 'train'
  | 'stopRun'
  | 'generate'
  | 'converse'
  | 'logits'
  | 'evaluate'
  | 'trainTokenizer'
  | 'renderConversations'
  | 'makeTinyworld'
  | 'probeKnowledge'
  | 'teachKnowledge'
  | 'encode'
  | 'decode'
  | 'devices'
  | 'exportModel'
  | 'curate'
  | 'planCorpus'
  | 'explainDocument'
  | 'corpusStatistics'
  | 'traceToken'
  | 'dispose'
>;

/** What every command is given. */
export interface Context {
  readonly streams: Streams;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Started at the first call, so that `--help` and mistaken options answer at once. */
  readonly engine: () => Promise<CommandEngine>;
}

export interface CommonOptions {
  readonly json?: true;
  readonly verbose?: true;
}

/** Adds the options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'JSON Lines on standard output, and nothing else there')
    .option('--verbose', 'show where in the program an error came from');
}
