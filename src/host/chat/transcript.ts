/**
 * Transcripts of conversations as files: ChatML, read and written, and Markdown, written.
 *
 *     <|im_start|>user
 *     What is a token?<|im_end|>
 *
 * A turn begins at the beginning of a line. Read generously, since people type these files: the end
 * mark may be missing before the next turn or the end of the file. Not covered: tools and images.
 */
import { GlassboxError } from '../../base/errors';
import type { Role } from './conversation';

export interface Message {
  readonly role: Role;
  readonly content: string;
}

/** A turn as it stands in a file. Lines count from 0; the last one holds the end mark. */
export interface Turn {
  /** What stands behind the start mark; any word. */
  readonly role: string;
  readonly content: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

const START = '<|im_start|>';
const END = '<|im_end|>';

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
    if (line.startsWith(START)) {
      close(at - 1);
      const [role = ''] = /^[\w-]*/.exec(line.slice(START.length)) ?? [];
      open = { role, firstLine: at, content: [] };
      rest = line.slice(START.length + role.length).trimStart();
      if (rest === '') continue;
    }
    if (!open) continue;
    const end = rest.indexOf(END);
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

/**
 * The messages of a ChatML file.
 *
 * @throws GlassboxError `transcript` where there is no turn, or one of a role that models here don't
 *   have
 */
export function readTranscript(text: string): Message[] {
  const messages = parseTurns(text).map(({ role, content, firstLine }): Message => {
    if (role === 'system' || role === 'user' || role === 'assistant') return { role, content };
    throw new GlassboxError(
      'transcript',
      `Line ${firstLine + 1}: "${role}" is no role of a conversation here.`,
      { remedy: 'Use system, user or assistant.' },
    );
  });
  if (messages.length > 0) return messages;
  throw new GlassboxError('transcript', 'There is no turn in this file.', {
    remedy: `Begin a turn with ${START}user on a line of its own.`,
  });
}

/** A zero, as models of bytes write it, becomes its picture: VS Code opens no text that has one. */
const openable = (content: string): string => content.replaceAll('\0', '\u2400');

/** Marks within what was said get a zero-width space, so that they stay something that was said. */
const harmless = (content: string): string =>
  content.replace(/<\|(im_start|im_end)\|>/g, '<|\u200B$1|>');

export function writeTranscript(messages: readonly Message[]): string {
  return messages
    .map(({ role, content }) => `${START}${role}\n${harmless(openable(content))}${END}\n`)
    .join('');
}

/** A text that a model went on with, as Markdown: the words alone. */
export function writeText(messages: readonly Message[]): string {
  return `${openable(messages.map(({ content }) => content).join(''))}\n`;
}

/** @param nameOf how each role is called in the document. */
export function writeMarkdown(
  messages: readonly Message[],
  nameOf: Readonly<Record<Role, string>>,
): string {
  return messages
    .map(({ role, content }) => `## ${nameOf[role]}\n\n${openable(content).trim()}\n`)
    .join('\n');
}
