/**
 * The engine's log: lines on its standard error. One that the engine itself wrote begins with its
 * level; any other is from Node or from native code, and counts as a warning.
 */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = (level: LogLevel, message: string) => void;

/** A message of several lines becomes as many, each with its level. */
export function logLines(level: LogLevel, message: string): string {
  return message
    .split('\n')
    .map((line) => `[${level}] ${line}\n`)
    .join('');
}

export function readLogLine(line: string): { readonly level: LogLevel; readonly message: string } {
  const level = LOG_LEVELS.find((each) => line.startsWith(`[${each}] `));
  return level === undefined
    ? { level: 'warn', message: line }
    : { level, message: line.slice(level.length + 3) };
}
