/**
 * The command line: which commands there are and what they take. The commands themselves are beside
 * this file; they get plain values.
 */
import { Command, CommanderError } from 'commander';
import { version } from '../../../package.json';
import { hasCode } from '../../base/errors';
import { EXIT, writeError, type Streams } from './console';
import { addData } from './dataCommands';
import { addDevices, addEval, addExport, addGenerate, addLogits } from './modelCommands';
import { addChat } from './chatCommand';
import { addKnowledge } from './knowledgeCommand';
import { addSft } from './sftCommand';
import { addTinyworld } from './tinyworldCommand';
import { addTokenizer } from './tokenizerCommands';
import { addTrain } from './trainCommand';
import type { CommandEngine, Context } from './context';

function createProgram(context: Context): Command {
  const program = new Command('glassbox')
    .description('Build, train and look inside language models on your own machine.')
    .version(version)
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.streams.stdout.write(text),
      writeErr: (text) => context.streams.stderr.write(text),
      getOutHelpWidth: () => context.streams.stdout.columns ?? 80,
      getErrHelpWidth: () => context.streams.stderr.columns ?? 80,
    });
  addTrain(program, context);
  addSft(program, context);
  addChat(program, context);
  addTinyworld(program, context);
  addKnowledge(program, context);
  addGenerate(program, context);
  addLogits(program, context);
  addEval(program, context);
  addExport(program, context);
  addTokenizer(program, context);
  addData(program, context);
  addDevices(program, context);
  return program;
}

/**
 * Runs one command line (without the program's own name) to its end.
 *
 * @returns the exit code: 0, 1 after an error, 130 if `signal` stopped it.
 */
export async function runProgram(
  args: readonly string[],
  streams: Streams,
  makeEngine: () => Promise<CommandEngine>,
  signal: AbortSignal,
): Promise<number> {
  let engine: Promise<CommandEngine> | undefined;
  const context: Context = { streams, signal, engine: () => (engine ??= makeEngine()) };
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  } catch (thrown) {
    // Commander has said what was wrong by now; `--help` and `--version` end this way too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.failed;
    if (signal.aborted && hasCode(thrown, 'cancelled')) return EXIT.interrupted;
    writeError(streams, thrown, args.includes('--verbose'));
    return EXIT.failed;
  } finally {
    await engine?.then(
      (started) => started.dispose(),
      // That it did not start has been reported already.
      () => undefined,
    );
  }
}
