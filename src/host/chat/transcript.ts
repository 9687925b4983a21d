/**
 * Transcripts of conversations as files: ChatML (base/chatml.ts), read and written, with the calls of
 * tools and what they gave, and Markdown, written. Not covered: images.
 */
import { END_MARK, parseTurns, splitCalls, START_MARK, writeCall } from '../../base/chatml';
import { GlassboxError } from '../../base/errors';
import type { ConversationMessage } from '../../protocol/chatMessages';
import type { Role } from './conversation';

/**
 * The messages of a ChatML file.
 *
 * @throws GlassboxError `transcript` where there is no turn, or one of a role that models here don't
 *   have
 */
export function readTranscript(text: string): ConversationMessage[] {
  const messages = parseTurns(text).map(({ role, content, firstLine }): ConversationMessage => {
    if (role === 'assistant') {
      const { content: said, calls } = splitCalls(content);
      return { role, content: said, ...(calls.length > 0 && { toolCalls: calls }) };
    }
    if (role === 'system' || role === 'user' || role === 'tool') return { role, content };
    throw new GlassboxError(
      'transcript',
      `Line ${firstLine + 1}: "${role}" is no role of a conversation here.`,
      { remedy: 'Use system, user, assistant or tool.' },
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
  content
    .replace(/<\|(im_start|im_end)\|>/g, '<|\u200B$1|>')
    .replace(/<(\/?tool_call)>/g, '<\u200B$1>');

export function writeTranscript(messages: readonly ConversationMessage[]): string {
  return messages
    .map(({ role, content, toolCalls = [] }) => {
      const said = harmless(openable(content));
      return `${START_MARK}${role}\n${said}${toolCalls.map(writeCall).join('')}${END_MARK}\n`;
    })
    .join('');
}

/** A text that a model went on with, as Markdown: the words alone. */
export function writeText(messages: readonly ConversationMessage[]): string {
  return `${openable(messages.map(({ content }) => content).join(''))}\n`;
}

/** @param nameOf how each role is called in the document. */
export function writeMarkdown(
  messages: readonly ConversationMessage[],
  nameOf: Readonly<Record<Role, string>>,
): string {
  return messages
    .map(({ role, content, toolCalls = [] }) => {
      const calls = toolCalls.map((call) => fenced(JSON.stringify(call)));
      const said = openable(content).trim();
      const text = role === 'tool' ? fenced(said) : said;
      const parts = [`## ${nameOf[role]}`, ...(text === '' ? [] : [text]), ...calls];
      return `${parts.join('\n\n')}\n`;
    })
    .join('\n');
}

/** As code, whatever backticks it holds. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
