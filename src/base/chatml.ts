/**
 * ChatML files, as people write conversations down:
 *
 *     <|im_start|>user
 *     What is a token?<|im_end|>
 *
 * A turn begins at the beginning of a line. Read generously, since people type these files: the end
 * mark may be missing before the next turn or the end of the file. What a turn's role means is for
 * the reader to say. What an assistant calls stands at the end of its turn, one call behind the other:
 *
 *     <tool_call>{"name": "calculator", "arguments": "12 + 30"}</tool_call>
 */
/** A turn as it stands in a file. Lines count from 0; the last one holds the end mark. */
export interface Turn {
  /** What stands behind the start mark; any word. */
  readonly role: string;
  readonly content: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

export const START_MARK = '<|im_start|>';
export const END_MARK = '<|im_end|>';
const OPENS_CALL = '<tool_call>';
const CLOSES_CALL = '</tool_call>';

/** The turns of a text; what stands outside of turns is passed over. */
export function parseTurns(text: string): Turn[] {
  const turns: Turn[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  let open: { role: string; firstLine: number; content: string[] } | undefined;
  const close = (lastLine: number): void => {
    if (open) turns.push({ ...open, content: open.content.join('\n'), lastLine });
    open = undefined;
  };
  for (const [at, line] of lines.entries()) {
    let rest = line;
    if (line.startsWith(START_MARK)) {
      close(at - 1);
      const [role = ''] = /^[\w-]*/.exec(line.slice(START_MARK.length)) ?? [];
      open = { role, firstLine: at, content: [] };
      rest = line.slice(START_MARK.length + role.length).trimStart();
      if (rest === '') continue;
    }
    if (!open) continue;
    const end = rest.indexOf(END_MARK);
    open.content.push(end === -1 ? rest : rest.slice(0, end));
    if (end !== -1) close(at);
  }
  close(lastLineWithText(lines));
  return turns;
}

function lastLineWithText(lines: readonly string[]): number {
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return Math.max(0, last);
}

export interface WrittenCall {
  readonly name: string;
  readonly arguments: string | Readonly<Record<string, unknown>>;
}

/** What is said in a turn, and the calls at its end; one that is not written rightly is something said. */
export function splitCalls(turn: string): { content: string; calls: WrittenCall[] } {
  const calls: WrittenCall[] = [];
  let content = turn;
  for (;;) {
    const written = content.trimEnd();
    const at = written.lastIndexOf(OPENS_CALL);
    const call =
      at >= 0 && written.endsWith(CLOSES_CALL)
        ? callIn(written.slice(at + OPENS_CALL.length, -CLOSES_CALL.length))
        : undefined;
    if (!call) return { content, calls };
    calls.unshift(call);
    content = written.slice(0, at);
  }
}

/** Marks within a call are escaped, as JSON allows, so that they end nothing. */
export function writeCall({ name, arguments: given }: WrittenCall): string {
  const json = JSON.stringify({ name, arguments: given }).replaceAll('<', '\\u003c');
  return `${OPENS_CALL}${json}${CLOSES_CALL}`;
}

function callIn(text: string): WrittenCall | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('name' in parsed)) return undefined;
  const { name } = parsed;
  const given: unknown = 'arguments' in parsed ? parsed.arguments : '';
  if (typeof name !== 'string') return undefined;
  if (typeof given === 'string') return { name, arguments: given };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  return { name, arguments: { ...given } };
}
