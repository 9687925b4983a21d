/** The records as a table of comma-separated values, to be saved. */
import type { KnownRun } from './runState';

/** A field by RFC 4180. */
const field = (text: string): string =>
  /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
const number = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '' : String(value);

/** All records of the runs, one line a step; a measurement stands on the line of its step. */
export function csvOf(runs: readonly KnownRun[]): string {
  const lines = [
    'run,step,tokens,seconds,loss,learning_rate,gradient_norm,tokens_per_second,validation_loss,bits_per_byte',
  ];
  for (const { shown, records } of runs) {
    const { steps, measurements } = records;
    const name = field(shown.name);
    let measured = 0;
    const line = (step: number, cells: readonly string[]): void => {
      const here = measurements.at('step', measured) === step;
      const last = here
        ? [measurements.at('valLoss', measured), measurements.at('bitsPerByte', measured)]
        : [undefined, undefined];
      if (here) measured++;
      lines.push([name, step, ...cells, ...last.map(number)].join(','));
    };
    for (let row = 0; row < steps.length; row++) {
      const step = steps.at('step', row)!;
      while ((measurements.at('step', measured) ?? Infinity) < step)
        line(measurements.at('step', measured)!, ['', '', '', '', '', '']);
      line(
        step,
        (['tokens', 'seconds', 'loss', 'lr', 'gradNorm', 'tokensPerSecond'] as const).map(
          (column) => number(steps.at(column, row)),
        ),
      );
    }
  }
  return `${lines.join('\r\n')}\r\n`;
}
