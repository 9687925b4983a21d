/**
 * ChatML files, as people write conversations down:
 *
 *     <|im_start|>user
 *     What is a token?<|im_end|>
 *
 * A turn begins at the beginning of a line. Read generously, since people type these files: the end
 * mark may be missing before the next turn or the end of the file. What a turn's role means is for
 * the reader to say.
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
