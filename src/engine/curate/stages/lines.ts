/** Lines as Python's `splitlines` cuts them, which is what the published rules were tuned with. */
// eslint-disable-next-line no-control-regex -- these are what ends a line there
const LINE_END = /\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/;

/** An end of line at the very end begins no further line. */
export function linesOf(text: string): string[] {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
