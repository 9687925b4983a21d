/**
 * What is wrong with a conversation as training data, before and after it is written by a template.
 * An error leaves the conversation out; a warning keeps it.
 */
import type { TrainingConversation } from './conversation';
import type { ChatMessage } from './message';

export interface DatasetProblem {
  readonly severity: 'error' | 'warning';
  /** For programs: `bad-json`, `roles`, `empty-turn`, ... */
  readonly code: string;
  readonly message: string;
  /** Which of the messages it is about, from 0. */
  readonly turn?: number | undefined;
}

const warning = (code: string, message: string, turn?: number): DatasetProblem => ({
  severity: 'warning',
  code,
  message,
  ...(turn !== undefined && { turn }),
});
const error = (code: string, message: string): DatasetProblem => ({
  severity: 'error',
  code,
  message,
});

/** Of the messages alone. */
export function checkMessages(messages: readonly ChatMessage[]): DatasetProblem[] {
  const problems: DatasetProblem[] = [];
  const nth = (at: number): string => `Message ${at + 1} (${messages[at]?.role ?? ''})`;
  for (const [at, { role, content, toolCalls = [] }] of messages.entries()) {
    const before = messages[at - 1];
    if (content.trim() === '' && toolCalls.length === 0)
      problems.push(warning('empty-turn', `${nth(at)} is empty.`, at));
    if (role === 'system' && at > 0)
      problems.push(warning('roles', `${nth(at)} does not stand at the beginning.`, at));
    const begins = before === undefined || before.role === 'system';
    if (role === 'assistant' && begins)
      problems.push(
        warning('roles', `${nth(at)} answers nobody: a user's message should come first.`, at),
      );
    if (before?.role === role && (role === 'user' || role === 'assistant'))
      problems.push(warning('roles', `${nth(at)} comes after another of the same role.`, at));
    const called = before?.role === 'tool' || (before?.toolCalls?.length ?? 0) > 0;
    if (role === 'tool' && !called)
      problems.push(warning('roles', `${nth(at)} comes without a call of a tool before it.`, at));
  }
  if (!messages.some(({ role }) => role === 'assistant'))
    problems.push(error('no-answer', 'No message is by the assistant: there is nothing to learn.'));
  else if (messages.at(-1)?.role !== 'assistant')
    problems.push(
      warning(
        'roles',
        'The last message has no answer: nothing is learnt from it.',
        messages.length - 1,
      ),
    );
  return problems;
}

/** Of what the template wrote. @param context how many tokens a row has, where that is known. */
export function checkEncoded(
  { ids, mask, defused, lost }: TrainingConversation,
  context: number | undefined,
): DatasetProblem[] {
  const problems: DatasetProblem[] = [];
  if (defused.length > 0)
    problems.push(
      warning(
        'special-token',
        `What is said holds ${defused.slice(0, 4).join(', ')}: it becomes plain text, not a special token.`,
      ),
    );
  if (lost > 0)
    problems.push(
      warning(
        'answer-lost',
        `The template rewrites what was said before: ${lost} of the answers cannot be found, and are not learnt. {% generation %} marks in the template would tell.`,
      ),
    );
  const learnt = mask.reduce((sum, each) => sum + each, 0);
  if (learnt === 0)
    problems.push(error('masks-everything', 'No token is learnt: the mask covers everything.'));
  else if (learnt === ids.length)
    problems.push(
      warning('masks-nothing', 'Every token is learnt, the question too: the mask covers nothing.'),
    );
  // The last token of a row is predicted and needs no place in it.
  if (context !== undefined && ids.length > context + 1) {
    const left = mask.slice(0, context + 1).includes(1);
    const message = `It has ${ids.length} tokens, and the context ${context}: its end is cut off`;
    problems.push(
      left
        ? warning('too-long', `${message}.`)
        : error('too-long', `${message}, and no answer is left.`),
    );
  }
  return problems;
}
