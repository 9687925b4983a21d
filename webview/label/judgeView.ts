/** Marks for answers, and which of two is better. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { BEST_SCORE } from '../../src/labels/record';
import type { Candidate, Label, Result } from '../../src/labels/record';
import { t } from '../shared/l10n';
import type { OpenTask } from './openTask';
import type { Page } from './page';
import { button, roleName } from './parts';

const MARKS = Array.from({ length: BEST_SCORE }, (_, at) => at + 1);

export function judgeView(page: Page, task: OpenTask): TemplateResult {
  const { view, work } = task;
  return html`<div class="turns">
      ${view.turns.map(
        (turn) =>
          html`<section class="turn ${turn.role}" aria-label=${roleName(turn.role)}>
            <header class="row"><h3>${roleName(turn.role)}</h3></header>
            <div class="said">${turn.content}</div>
          </section>`,
      )}
    </div>
    <div class=${work.result.mode === 'ranking' ? 'candidates two' : 'candidates'}>
      ${view.candidates.map((candidate, at) => candidateView(page, task, candidate, at))}
    </div>
    ${work.result.mode === 'ranking' ? tie(page, work.result) : nothing}
    ${work.status === 'done' ? whoWrote(view.candidates) : nothing}
    ${view.others.map((label) => otherJudgement(view.candidates, label))}`;
}

function candidateView(
  page: Page,
  task: OpenTask,
  { id, text }: Candidate,
  at: number,
): TemplateResult {
  const { result } = task.work;
  const chosen = result.mode === 'ranking' && result.choice === id;
  const focused = result.mode === 'rating' && task.at === at;
  const classes = `candidate${chosen ? ' chosen' : ''}${focused ? ' focused' : ''}`;
  return html`<section class=${classes} aria-label=${nameOf(at)}>
    <h3>${nameOf(at)}</h3>
    <div class="said">${text}</div>
    ${
      result.mode === 'ranking'
        ? button({
            icon: chosen ? 'check' : 'thumbsup',
            label: t('Better'),
            key: String(at + 1),
            appearance: chosen ? 'primary' : 'secondary',
            run: () => choose(page, id),
          })
        : nothing
    }
    ${result.mode === 'rating' ? marks(page, id, result.scores[id], at) : nothing}
  </section>`;
}

const nameOf = (at: number): string => t('Answer {0}', at + 1);

function marks(page: Page, id: string, score: number | undefined, at: number): TemplateResult {
  return html`<div
    class="row marks"
    role="radiogroup"
    aria-label=${t('Mark of answer {0}', at + 1)}
  >
    ${MARKS.map(
      (mark) =>
        html`<button
          type="button"
          role="radio"
          aria-checked=${mark === score}
          @click=${() => rate(page, at, id, mark)}
        >
          ${mark}
        </button>`,
    )}
    <span class="quiet">${t('1 poor, {0} as good as can be', BEST_SCORE)}</span>
  </div>`;
}

function tie(page: Page, result: Extract<Result, { mode: 'ranking' }>): TemplateResult {
  return html`<div class="row">
    ${button({
      label: t('As good as each other'),
      key: '0',
      appearance: result.choice === 'tie' ? 'primary' : 'secondary',
      run: () => choose(page, 'tie'),
    })}
  </div>`;
}

function choose(page: Page, choice: string): void {
  const result = page.task?.work.result;
  if (result?.mode === 'ranking') page.change({ result: { ...result, choice } });
}

function rate(page: Page, at: number, id: string, mark: number): void {
  const { task } = page;
  if (task?.work.result.mode !== 'rating') return;
  const { result } = task.work;
  task.at = Math.min(at + 1, task.view.candidates.length - 1);
  page.change({ result: { ...result, scores: { ...result.scores, [id]: mark } } });
}

/** A digit: the mark of the answer that has the keys, or which of the two is better. */
export function judge(page: Page, digit: number): void {
  const { task } = page;
  if (!task) return;
  const { candidates } = task.view;
  if (task.work.result.mode === 'rating') {
    const candidate = candidates[task.at];
    if (candidate && digit >= 1 && digit <= BEST_SCORE) rate(page, task.at, candidate.id, digit);
  } else if (task.work.result.mode === 'ranking') {
    const candidate = candidates[digit - 1];
    if (digit === 0) choose(page, 'tie');
    else if (candidate) choose(page, candidate.id);
  }
}

/** Known once it is decided, so that it decides nothing. */
function whoWrote(candidates: readonly Candidate[]): TemplateResult {
  const names = candidates.map(({ from }, at) => `${nameOf(at)}: ${from}`).join(' · ');
  return html`<p class="quiet">${names}</p>`;
}

function otherJudgement(candidates: readonly Candidate[], { by, result }: Label): TemplateResult {
  const at = (id: string): number => candidates.findIndex((each) => each.id === id);
  let said = '';
  if (result.mode === 'ranking')
    said = result.choice === 'tie' ? t('as good as each other') : nameOf(at(result.choice ?? ''));
  else if (result.mode === 'rating')
    said = candidates
      .map(({ id }, place) => `${nameOf(place)}: ${result.scores[id] ?? '–'}`)
      .join(' · ');
  return html`<p class="quiet">${t('{0} said: {1}', by, said)}</p>`;
}
