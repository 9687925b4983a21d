import { expect, test } from 'vitest';
import { logLines, readLogLine } from '../../src/protocol/logLine';

test('every line of a message has its level', () => {
  const written = logLines('error', 'It died:\n  [info] because');
  const lines = written.trimEnd().split('\n');
  expect(lines.map(readLogLine)).toEqual([
    { level: 'error', message: 'It died:' },
    { level: 'error', message: '  [info] because' },
  ]);
});

test('what native code or Node wrote is a warning', () => {
  const line = '(node:12) ExperimentalWarning: something';
  expect(readLogLine(line)).toEqual({ level: 'warn', message: line });
});
