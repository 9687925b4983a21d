/**
 * Comparisons and ratings for the queue: of answers that a model samples, or of those that two labellers
 * gave to the same prompt.
 */
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import type { Candidate, Task, Turn } from '../../labels/record';
import { candidateOf, pairsOf, ratingOf } from '../../labels/tasks';
import type { NewTask } from '../../labels/tasks';
import { computing } from '../chat/openChat';
import type { Services } from '../services';
import { settings } from '../settings';
import { askCount } from './addPrompts';
import type { Desk } from './desk';
import { writeAnswer } from './drafting';
import { chooseDrafter } from './labeller';
import type { OpenDesk } from './openDesk';

type Make = (turns: readonly Turn[], candidates: readonly Candidate[], source: string) => NewTask[];

/** Samples of one prompt; every two of them are a comparison. */
const SAMPLES = 2;

export async function addComparisons(services: Services, { desk }: OpenDesk): Promise<void> {
  const { l10n, window } = vscode;
  desk.needLabeller();
  const prompts = desk.ledger.tasks.filter(({ mode }) => mode === 'answer');
  if (prompts.length === 0)
    throw new GlassboxError('no-prompts', l10n.t('There is no prompt in the queue yet.'), {
      remedy: l10n.t('Add prompts first.'),
    });
  const kinds: { label: string; detail: string; make: Make }[] = [
    {
      label: l10n.t('Compare'),
      detail: l10n.t('Which of two answers is better?'),
      make: pairsOf,
    },
    {
      label: l10n.t('Rate'),
      detail: l10n.t('Each answer gets a mark from 1 to 5'),
      make: ratingOf,
    },
  ];
  const kind = await window.showQuickPick(kinds, { title: l10n.t('Compare or Rate Answers') });
  if (!kind) return;
  const two = answeredTwice(desk, prompts);
  const sources = [
    {
      label: l10n.t('Samples of a Model...'),
      detail: l10n.t('{0} answers to each prompt', SAMPLES),
      run: () => fromModel(services, desk, prompts, kind.make),
    },
    {
      label: l10n.t('Answers of Several Labellers'),
      detail: l10n.t('{0} prompts have them', two.length),
      run: () => fromLabellers(desk, two, kind.make),
    },
  ];
  const source = await window.showQuickPick(sources, { title: l10n.t('Whose answers?') });
  const added = await source?.run();
  if (added !== undefined)
    void window.showInformationMessage(l10n.t('Added to the queue: {0}.', added));
}

interface AnsweredTwice {
  readonly task: Task;
  readonly candidates: readonly Candidate[];
}

/** Prompts that more than one labeller has answered, with their answers. */
function answeredTwice({ ledger }: Desk, prompts: readonly Task[]): AnsweredTwice[] {
  const answers = new Map<string, Candidate[]>();
  for (const { task, label } of ledger.finished()) {
    const { result } = label;
    if (result.mode !== 'answer') continue;
    const [first] = result.branches;
    const last = first?.at(-1);
    // A conversation that goes on is answered in more than its last turn.
    if (first?.length !== task.turns.length + 1 || last?.role !== 'assistant') continue;
    answers.set(task.id, [...(answers.get(task.id) ?? []), candidateOf(last.content, label.by)]);
  }
  return prompts.flatMap((task) => {
    const candidates = answers.get(task.id) ?? [];
    return candidates.length > 1 ? [{ task, candidates }] : [];
  });
}

async function fromLabellers(
  desk: Desk,
  two: readonly AnsweredTwice[],
  make: Make,
): Promise<number> {
  const { l10n } = vscode;
  if (two.length === 0)
    throw new GlassboxError(
      'no-answers',
      l10n.t('No prompt has been answered by two labellers yet.'),
      { remedy: l10n.t('Let another labeller answer them, or take samples of a model.') },
    );
  const source = l10n.t('labellers');
  const wanted = two.flatMap(({ task, candidates }) => make(task.turns, candidates, source));
  return (await desk.add(wanted)).length;
}

async function fromModel(
  services: Services,
  desk: Desk,
  prompts: readonly Task[],
  make: Make,
): Promise<number | undefined> {
  const { l10n, window } = vscode;
  const model = await chooseDrafter(services, l10n.t('Sample answers from'));
  if (!model) return undefined;
  const count = await askCount(
    l10n.t('To how many of the {0} prompts?', prompts.length),
    Math.min(20, prompts.length),
  );
  if (count === undefined) return undefined;
  const methods = await services.engine.methods();
  const title = l10n.t('{0} answers', model.name);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    let added = 0;
    try {
      for (const [at, { turns }] of prompts.slice(0, count).entries()) {
        progress.report({ message: l10n.t('{0} of {1}', at + 1, count) });
        const candidates: Candidate[] = [];
        for (let seed = 0; seed < SAMPLES; seed++) {
          const options = { sampling: settings.sampling(), computing: computing(), seed };
          let answer = '';
          for await (const text of writeAnswer(methods, turns, model, options, abort.signal))
            answer += text;
          candidates.push(candidateOf(answer.trim(), model.name));
        }
        added += (await desk.add(make(turns, candidates, model.name))).length;
      }
    } catch (thrown) {
      // What was sampled up to then is in the queue.
      if (!abort.signal.aborted) throw thrown;
    }
    return added;
  });
}
