/**
 * Transcripts of conversations as files: ChatML (base/chatml.ts), read and written, and Markdown,
 * written. Not covered: tools and images.
 */
import { END_MARK, parseTurns, START_MARK } from '../../base/chatml';
import { GlassboxError } from '../../base/errors';
import type { Role } from './conversation';

export interface Message {
  readonly role: Role;
  readonly content: string;
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
    remedy: `Begin a turn with ${START_MARK}user on a line of its own.`,
  });
}

/** A zero, as models of bytes write it, becomes its picture: VS Code opens no text that has one. */
const openable = (content: string): string => content.replaceAll('\0', '\u2400');

/** Marks within what was said get a zero-width space, so that they stay something that was said. */
const harmless = (content: string): string =>
  content.replace(/<\|(im_start|im_end)\|>/g, '<|\u200B$1|>');

export function writeTranscript(messages: readonly Message[]): string {
  return messages
    .map(({ role, content }) => `${START_MARK}${role}\n${harmless(openable(content))}${END_MARK}\n`)
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
