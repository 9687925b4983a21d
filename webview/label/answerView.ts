/** Writing an answer: the conversation's turns, drafts by a model, branches. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Turn } from '../../src/labels/record';
import type { Label } from '../../src/labels/record';
import { wordCount } from '../../src/labels/wordDiff';
import { consentQuestion, toolName } from '../shared/consent';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import type { OpenTask } from './openTask';
import type { Page } from './page';
import { button, key, roleName, symbol, valueOf, wordDiff } from './parts';

export function answerView(page: Page, task: OpenTask): TemplateResult {
  const { branch } = page.answers;
  return html`${branches(page, task)}
    <div class="turns">
      ${branch.map((turn, at) => turnView(page, task, turn, at, at === branch.length - 1))}
    </div>
    ${task.view.others.map((label) => otherAnswer(page, label))}`;
}

function branches(page: Page, task: OpenTask): TemplateResult | typeof nothing {
  const { result } = task.work;
  if (result.mode !== 'answer' || result.branches.length < 2) return nothing;
  const { length } = result.branches;
  return html`<div class="row branches" role="group" aria-label=${t('Branches')}>
    ${symbol('chevron-left', t('Branch before'), () =>
      page.answers.showBranch((task.at + length - 1) % length),
    )}
    <span>${t('Branch {0} of {1}', task.at + 1, length)}</span>
    ${symbol('chevron-right', t('Next branch'), () => page.answers.showBranch((task.at + 1) % length))}
    ${key('[ ]')} ${symbol('trash', t('Remove this branch'), () => page.answers.removeBranch())}
  </div>`;
}

function turnView(
  page: Page,
  task: OpenTask,
  turn: Turn,
  at: number,
  isLast: boolean,
): TemplateResult {
  const isAnswer = turn.role === 'assistant';
  const writes = isAnswer && isLast && !turn.toolCalls;
  const editing = writes || task.editing === at;
  const added = at >= task.view.turns.length + 1;
  const busy = isLast && page.drafter.isBusy;
  return html`<section class="turn ${turn.role}" aria-label=${roleName(turn.role)}>
    <header class="row">
      <h3>${roleName(turn.role)}</h3>
      ${
        turn.draft
          ? html`<span class="quiet">${t('drafted by {0}', turn.draft.by)}</span>`
          : nothing
      }
      <span class="grow"></span>
      ${
        editing
          ? nothing
          : symbol('edit', t('Edit'), () => {
              task.editing = at;
              page.redraw();
            })
      }
      ${at > 0 ? symbol('git-branch', t('Branch off here'), () => page.answers.branchAt(at)) : nothing}
      ${
        at >= task.view.turns.length && turn.toolCalls && !page.drafter.isBusy
          ? symbol('trash', t('Take the call out'), () => page.answers.removeCalls(at))
          : nothing
      }
      ${added && turn.role === 'user' ? symbol('trash', t('Remove from here on'), () => page.answers.removeFrom(at)) : nothing}
    </header>
    ${editing ? field(page, turn, at, isLast, busy) : said(turn)}
    ${turn.toolCalls?.map((call) => calledTool(call))}
    ${isAnswer && isLast ? answerFoot(page, turn, busy) : nothing}
    ${isAnswer && !busy && turn.draft && turn.draft.text !== turn.content ? changed(turn.draft.text, turn.content) : nothing}
  </section>`;
}

/** What stands in a turn; a call needs no words around it. */
function said({ content, toolCalls }: Turn): TemplateResult | typeof nothing {
  if (content === '' && toolCalls) return nothing;
  const shown = content === '' ? html`<span class="quiet">${t('(empty)')}</span>` : content;
  return html`<div class="said">${shown}</div>`;
}

function calledTool({ name, arguments: given }: NonNullable<Turn['toolCalls']>[number]) {
  const input = typeof given === 'string' ? given : JSON.stringify(given);
  return html`<div class="call">
    ${icon('tools')} <span class="quiet">${toolName(name)}</span> <code>${input}</code>
  </div>`;
}

function field(page: Page, turn: Turn, at: number, isLast: boolean, busy: boolean): TemplateResult {
  return html`<textarea
    class=${isLast ? 'answer' : 'other'}
    rows="2"
    aria-label=${isLast ? t('Answer') : roleName(turn.role)}
    aria-busy=${busy}
    ?readonly=${busy}
    placeholder=${turn.role === 'assistant' ? t('Write the answer that the model should give') : t('What the user says')}
    .value=${live(turn.content)}
    @input=${(event: Event) => page.answers.write(at, valueOf(event))}
  ></textarea>`;
}

function answerFoot(page: Page, turn: Turn, busy: boolean): TemplateResult {
  const { asks } = page.drafter;
  if (asks !== undefined && !busy)
    return consentQuestion(asks, t('At This Desk'), (consent) => page.drafter.consent(consent));
  const model = page.state?.model;
  const label = model ? t('Draft with {0}', model.name) : t('Draft with a Model...');
  return html`<div class="row">
    ${
      busy
        ? button({
            icon: 'debug-stop',
            label: t('Stop'),
            key: 'Esc',
            run: () => page.drafter.stop(),
          })
        : button({ icon: 'sparkle', label, key: 'D', run: () => page.drafter.draft() })
    }
    ${
      page.drafter.canUndo
        ? button({ label: t('Take Back Draft'), key: 'U', run: () => page.drafter.undo() })
        : nothing
    }
    ${busy ? nothing : button({ label: t('Ask Further'), key: 'F', run: () => page.answers.askFurther() })}
    <span class="grow"></span>
    <span class="quiet">${t('{0} words', wordCount(turn.content))}</span>
  </div>`;
}

function changed(before: string, after: string): TemplateResult {
  return html`<details class="changed" open>
    <summary>${t('Changed in the draft')}</summary>
    ${wordDiff(before, after)}
  </details>`;
}

/** What another labeller wrote, against one's own. */
function otherAnswer(page: Page, { by, result }: Label): TemplateResult | typeof nothing {
  if (result.mode !== 'answer') return nothing;
  const other = result.branches[0]?.findLast(({ role }) => role === 'assistant')?.content ?? '';
  const mine = page.answers.branch.findLast(({ role }) => role === 'assistant')?.content ?? '';
  return html`<details class="changed">
    <summary>${t('What {0} wrote, against this', by)}</summary>
    ${wordDiff(mine, other)}
  </details>`;
}
