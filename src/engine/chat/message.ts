/** What a conversation is made of, whatever file it came from. */

export const ROLES = ['system', 'user', 'assistant', 'tool'] as const;
export type ChatRole = (typeof ROLES)[number];

/** What an assistant asks a tool, as OpenAI's `tool_calls` say it. */
export interface ToolCall {
  readonly name: string;
  /** A text as it stands, or a JSON object. */
  readonly arguments: string | Readonly<Record<string, unknown>>;
}

export interface ChatMessage {
  readonly role: ChatRole;
  readonly content: string;
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** false: an assistant's message that is only there to be seen. Default: true. */
  readonly trained?: boolean | undefined;
}
