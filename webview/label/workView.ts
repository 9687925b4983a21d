/** The open task: what is asked, what a person makes of it, and how it is finished. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { DeskState } from '../../src/protocol/labelSurface';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { answerView } from './answerView';
import { showEarlier } from './guidelinesView';
import { judgeView } from './judgeView';
import type { OpenTask } from './openTask';
import type { Page } from './page';
import { closePanel, keysPanel, promptForm } from './panels';
import { button, DONE_KEY, statusIcon, statusText, valueOf } from './parts';

export function workView(page: Page, state: DeskState): TemplateResult {
  const { task } = page;
  return html`<section class="work" aria-label=${t('Work')}>
    ${page.panel === 'prompt' ? promptForm(page) : nothing}
    ${page.panel === 'keys' ? keysPanel(page) : nothing} ${problem(page)}
    ${
      state.labeller === undefined
        ? whoLabels(page)
        : task
          ? openTask(page, state, task)
          : page.panel === 'prompt'
            ? nothing
            : emptyQueue(page, state)
    }
  </section>`;
}

function problem(page: Page): TemplateResult | typeof nothing {
  if (page.problem === undefined) return nothing;
  return html`<div class="problem-line" role="alert">
    ${icon('error')}<span>${page.problem}</span>
  </div>`;
}

function whoLabels(page: Page): TemplateResult {
  return html`<div class="empty">
    <p>${t('Who labels? The name stands in each label, so that two labellers can be compared.')}</p>
    ${button({
      icon: 'account',
      label: t('Give a Name...'),
      key: 'W',
      appearance: 'primary',
      run: () => page.do((ask) => ask.chooseLabeller({}, never)),
    })}
  </div>`;
}

function emptyQueue(page: Page, { queue }: DeskState): TemplateResult {
  if (queue.length > 0) return html`<p class="quiet">${t('Choose a task in the queue.')}</p>`;
  return html`<div class="empty">
    <h2>${t('Nothing to label yet')}</h2>
    <p>
      ${t('A prompt is what somebody asks; you write the answer that the model should have given.')}
    </p>
    <div class="row">
      ${button({
        icon: 'edit',
        label: t('Write a Prompt'),
        key: 'N',
        appearance: 'primary',
        run: () => {
          page.panel = 'prompt';
          page.redraw();
        },
      })}
      ${button({
        icon: 'add',
        label: t('Import or Generate Prompts...'),
        key: 'A',
        run: () => page.do((ask) => ask.addPrompts({}, never)),
      })}
    </div>
  </div>`;
}

function openTask(page: Page, state: DeskState, task: OpenTask): TemplateResult {
  const { view, work } = task;
  const item = state.queue.find((each) => each.task === view.task);
  const status =
    item?.status === 'conflict' ? 'conflict' : task.head === undefined ? 'open' : work.status;
  return html`<div class="task">
      <div class="row quiet about">
        ${statusIcon(status)}<span>${statusText(status)}</span>
        ${work.reason !== undefined && work.status === 'skipped' ? html`<span>${work.reason}</span>` : nothing}
        ${view.source === undefined ? nothing : html`<span>${t('from {0}', view.source)}</span>`}
        <span class="grow"></span>
        <span aria-live="off">${savedText(task)}</span>
      </div>
      ${rivals(page)} ${madeUnder(page, task)}
      ${work.result.mode === 'answer' ? answerView(page, task) : judgeView(page, task)}
      ${cites(page, state, task)} ${note(page, task)}
    </div>
    ${foot(page, task)}`;
}

function savedText({ saved, head }: OpenTask): string {
  if (saved === 'saving') return t('Saving...');
  return saved === 'yes' && head !== undefined ? t('Saved') : '';
}

/** Somebody changed this label in another place at the same time: both versions are kept. */
function rivals(page: Page): TemplateResult | typeof nothing {
  if (page.rivals.length === 0) return nothing;
  return html`<div class="notice" role="alert">
    <p>
      ${t('This label was changed in another place at the same time. Nothing is lost: choose which version stands.')}
    </p>
    ${page.rivals.map(
      (rival) =>
        html`<details class="changed" open>
          <summary>
            ${t('The other version, of {0}', new Date(rival.at).toLocaleTimeString())}
          </summary>
          <div class="said">${textOf(page, rival.result)}</div>
          ${button({ label: t('Take the Other Version'), run: () => page.decide(rival) })}
        </details>`,
    )}
    ${button({ label: t('Keep the Version Below'), appearance: 'primary', run: () => page.decide('mine') })}
  </div>`;
}

function textOf(page: Page, result: OpenTask['work']['result']): string {
  if (result.mode === 'answer')
    return result.branches
      .map((branch) => branch.findLast(({ role }) => role === 'assistant')?.content ?? '')
      .join('\n\n');
  const names = page.task?.view.candidates.map(({ id }) => id) ?? [];
  const nameOf = (id: string): string => t('Answer {0}', names.indexOf(id) + 1);
  if (result.mode === 'ranking')
    return result.choice === undefined || result.choice === 'tie'
      ? t('as good as each other')
      : nameOf(result.choice);
  return Object.entries(result.scores)
    .map(([id, score]) => `${nameOf(id)}: ${score}`)
    .join(' · ');
}

function madeUnder(page: Page, { view, work }: OpenTask): TemplateResult | typeof nothing {
  const { madeUnder: version } = view;
  if (version === undefined || work.status === 'draft' || page.earlier) return nothing;
  return html`<div class="notice row">
    <span>${t('The guidelines have changed since this label was made.')}</span>
    ${button({ label: t('Show Them as They Were'), run: () => showEarlier(page, version) })}
  </div>`;
}

function cites(
  page: Page,
  { guidelines }: DeskState,
  { work }: OpenTask,
): TemplateResult | typeof nothing {
  const sections = guidelines?.sections ?? [];
  if (sections.length === 0) return nothing;
  return html`<div class="row cites" role="group" aria-label=${t('Sections that decided it')}>
    <span class="quiet">${t('Decided by')} <kbd aria-hidden="true">C</kbd></span>
    ${sections.map(
      ({ slug, title }) =>
        html`<button
          type="button"
          class="chip"
          aria-pressed=${work.cites.includes(slug)}
          @click=${() => page.cite(slug)}
        >
          ${title}
        </button>`,
    )}
  </div>`;
}

function note(page: Page, { work }: OpenTask): TemplateResult {
  return html`<label class="note">
    <span class="quiet">${t('Note')}</span>
    <input
      type="text"
      placeholder=${t('For other labellers; not exported')}
      .value=${live(work.note ?? '')}
      @input=${(event: Event) => page.change({ note: valueOf(event) })}
    />
  </label>`;
}

function foot(page: Page, task: OpenTask): TemplateResult {
  if (page.panel === 'skip') return skipForm(page);
  const { status } = task.work;
  return html`<footer class="row">
    ${button({
      icon: 'check',
      label: status === 'done' ? t('Done, Next') : t('Done'),
      key: DONE_KEY,
      appearance: 'primary',
      disabled: page.drafter.isBusy,
      run: () => page.finish('done'),
    })}
    ${button({ label: t('Skip...'), key: 'S', run: () => openSkip(page) })}
    <span class="grow"></span>
    ${button({ icon: 'arrow-up', label: t('Before'), key: 'K', run: () => page.step(-1) })}
    ${button({ icon: 'arrow-down', label: t('Next'), key: 'J', run: () => page.step(1) })}
  </footer>`;
}

export function openSkip(page: Page): void {
  page.panel = 'skip';
  page.redraw();
}

function skipForm(page: Page): TemplateResult {
  const reasons = [
    t('The prompt is broken'),
    t('I cannot judge what is right'),
    t('It takes too long'),
  ];
  const skip = (reason: string): void => {
    if (reason.trim() !== '') page.finish('skipped', reason.trim());
  };
  return html`<footer class="row skip" role="group" aria-label=${t('Why skip it?')}>
    <span>${t('Why skip it?')}</span>
    ${reasons.map((reason) => button({ label: reason, run: () => skip(reason) }))}
    <input
      type="text"
      id="reason"
      aria-label=${t('Another reason')}
      placeholder=${t('Another reason, then Enter')}
      .value=${live(page.skipReason)}
      @input=${(event: Event) => (page.skipReason = valueOf(event))}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Enter' && !event.isComposing) skip(page.skipReason);
      }}
    />
    ${button({ label: t('Cancel'), key: 'Esc', run: () => closePanel(page) })}
  </footer>`;
}
