/** The task that is open: what a person makes of it, and what it lacks to be finished. */
import type { Label, Turn } from '../../src/labels/record';
import type { TaskView, Work } from '../../src/protocol/labelSurface';
import { t } from '../shared/l10n';

/** The task that is open, and the work on it. */
export interface OpenTask {
  readonly view: TaskView;
  work: Work;
  basis: readonly string[];
  /** The version that the work was kept as, or read from. */
  head: string | undefined;
  /** Which branch is shown, and which candidate has the keys. */
  at: number;
  /** The turn that is being edited besides the last answer. */
  editing: number | undefined;
  saved: 'no' | 'saving' | 'yes';
}

export function openTask(view: TaskView, at: number): OpenTask {
  const [newest] = view.heads;
  const { work, basis } = view;
  const saved = newest ? 'yes' : 'no';
  return { view, work, basis, head: newest?.id, at, editing: undefined, saved };
}

/** What a label says, without who made it and when. */
export function workOf({ status, seconds, cites, note, result, reason }: Label): Work {
  return {
    ...{ status, seconds, cites, result },
    ...(note !== undefined && { note }),
    ...(reason !== undefined && { reason }),
  };
}

/** Whether the heads of a label are the version that is open and its rivals, and no others. */
export function knowsAll(
  heads: readonly string[],
  { head }: OpenTask,
  rivals: readonly Label[],
): boolean {
  const known = [...(head === undefined ? [] : [head]), ...rivals.map(({ id }) => id)];
  return heads.length === known.length && heads.every((each) => known.includes(each));
}

/** What a label lacks to be finished; undefined where it lacks nothing. */
export function missingIn({ work: { result }, view }: OpenTask): string | undefined {
  if (result.mode === 'answer') {
    if (result.branches.some((branch) => branch.at(-1)?.toolCalls))
      return t('The call of a tool has no answer yet: allow it, or take it out.');
    const empty = result.branches.findIndex(lacksWords);
    if (empty < 0) return undefined;
    return result.branches.length === 1
      ? t('Something in it is empty: write an answer, or skip the prompt.')
      : t('Something in branch {0} is empty.', empty + 1);
  }
  if (result.mode === 'ranking')
    return result.choice === undefined ? t('Choose one of the two, or a tie.') : undefined;
  const unmarked = view.candidates.filter(({ id }) => result.scores[id] === undefined).length;
  return unmarked === 0 ? undefined : t('{0} answers have no mark yet.', unmarked);
}

/** A call needs no words around it, and a tool may give none. */
function lacksWords(branch: readonly Turn[]): boolean {
  return (
    branch.at(-1)?.role !== 'assistant' ||
    branch.some(
      ({ role, content, toolCalls }) => content.trim() === '' && !toolCalls && role !== 'tool',
    )
  );
}
