/**
 * The labelling desk's page: the queue, the open task, the guidelines. The extension host owns the
 * files; here is what a person is working on.
 */
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { DeskState, Statistics } from '../../src/protocol/labelSurface';
import { icon } from '../shared/controls';
import { connectToHost, never } from '../shared/host';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import { guidelinesView } from './guidelinesView';
import { onKey } from './keys';
import './main.css';
import './statistics.css';
import { Page } from './page';
import { button, key } from './parts';
import { queueView } from './queueView';
import { statisticsView } from './statisticsView';
import { workView } from './workView';

const root = document.getElementById('root') ?? document.body;
let statistics: { readonly of: DeskState; readonly found: Statistics | undefined } | undefined;

function view(page: Page): TemplateResult {
  const { state } = page;
  if (!state) return html`<p class="problem">${page.problem ?? nothing}</p>`;
  const { tab, guidelinesOpen } = page.own;
  const isWork = tab === 'work';
  return html`${header(page, state)} ${brokenLines(page, state)}
    <div class=${isWork && guidelinesOpen ? 'desk three' : 'desk'}>
      ${isWork ? queueView(page, state) : nothing}
      ${
        isWork
          ? workView(page, state)
          : html`<section class="work wide" aria-label=${t('Statistics')} tabindex="0">
              ${statisticsView(statisticsFor(page, state))}
            </section>`
      }
      ${isWork && guidelinesOpen ? guidelinesView(page, state) : nothing}
    </div>
    <div id="said" class="visually-hidden" aria-live="polite"></div>`;
}

/** Asked anew whenever the desk has changed while they are shown. */
function statisticsFor(page: Page, state: DeskState): Statistics | undefined {
  if (statistics?.of !== state) {
    statistics = { of: state, found: statistics?.found };
    page.do(async (ask) => {
      const found = await ask.statistics({}, never);
      if (statistics?.of === state) statistics = { of: state, found };
    });
  }
  return statistics.found;
}

function header(page: Page, state: DeskState): TemplateResult {
  const { queue, labeller, model } = state;
  const done = queue.filter(({ status }) => status === 'done').length;
  const skipped = queue.filter(({ status }) => status === 'skipped').length;
  const { tab, guidelinesOpen } = page.own;
  const said = t('{0} of {1} done', done, queue.length);
  return html`<header class="top row">
    <div class="progress">
      <span
        class="meter"
        role="progressbar"
        aria-label=${t('Progress')}
        aria-valuemin="0"
        aria-valuemax=${queue.length}
        aria-valuenow=${done}
        ><span
          ${styled({ width: `${queue.length === 0 ? 0 : ((100 * done) / queue.length).toFixed(1)}%` })}
        ></span
      ></span>
      <span>${skipped > 0 ? `${said}, ${t('{0} skipped', skipped)}` : said}</span>
    </div>
    <span class="grow"></span>
    <button
      type="button"
      class="plain-button labelled"
      title=${t('Who labels')}
      @click=${() => page.do((ask) => ask.chooseLabeller({}, never))}
    >
      ${icon('account')} ${labeller ?? t('Who labels?')} ${key('W')}
    </button>
    <button
      type="button"
      class="plain-button labelled"
      title=${t('The model that drafts')}
      @click=${() => page.do((ask) => ask.chooseModel({}, never))}
    >
      ${icon('sparkle')} ${model?.name ?? t('No model')} ${key('L')}
    </button>
    ${toggle('book', t('Guidelines'), 'G', tab === 'work' && guidelinesOpen, () =>
      page.remember({ guidelinesOpen: tab === 'work' ? !guidelinesOpen : true, tab: 'work' }),
    )}
    ${toggle('graph', t('Statistics'), 'I', tab === 'statistics', () =>
      page.remember({ tab: tab === 'work' ? 'statistics' : 'work' }),
    )}
    ${button({ icon: 'export', label: t('Export...'), key: 'X', run: () => page.do((ask) => ask.exportLabels({}, never)) })}
    ${toggle('keyboard', t('Keys'), '?', page.panel === 'keys', () => {
      page.panel = page.panel === 'keys' ? 'none' : 'keys';
      page.remember({ tab: 'work' });
    })}
  </header>`;
}

function toggle(
  name: string,
  label: string,
  keyName: string,
  on: boolean,
  run: () => void,
): TemplateResult {
  return html`<button
    type="button"
    class="plain-button labelled"
    aria-pressed=${on}
    title=${label}
    @click=${run}
  >
    ${icon(name)} <span class="wide-only">${label}</span> ${key(keyName)}
  </button>`;
}

/** Lines that nobody can read: told of, and left where they are. */
function brokenLines(page: Page, { broken }: DeskState): TemplateResult | typeof nothing {
  const [first] = broken;
  if (!first) return nothing;
  const many = broken.length;
  return html`<div class="notice row" role="status">
    ${icon('warning')}
    <span
      >${
        many === 1
          ? t(
              'Line {0} of the labels file cannot be read: {1}. It stays as it is.',
              first.line,
              first.problem,
            )
          : t(
              '{0} lines of the labels file cannot be read, the first is line {1}: {2}. They stay as they are.',
              many,
              first.line,
              first.problem,
            )
      }</span
    >
    ${button({ label: t('Open as Text'), run: () => page.do((ask) => ask.openAsText({ line: first.line }, never)) })}
  </div>`;
}

let openedPanel: Page['panel'] = 'none';
let openedTask: string | undefined;
let editing: number | undefined;

function draw(page: Page): void {
  render(view(page), root);
  const focus = (selector: string): void => root.querySelector<HTMLElement>(selector)?.focus();
  if (page.panel !== openedPanel) {
    openedPanel = page.panel;
    if (page.panel === 'prompt') focus('#new-prompt');
    if (page.panel === 'skip') focus('#reason');
  }
  if (page.task?.editing !== editing) {
    editing = page.task?.editing;
    if (editing !== undefined) focus('textarea.other');
  }
  const task = page.task?.view.task;
  if (task === openedTask) return;
  openedTask = task;
  const opened = page.state?.queue.find((each) => each.task === task);
  const said = document.getElementById('said');
  if (said && opened) said.textContent = opened.title;
  root.querySelector('.queue .chosen')?.scrollIntoView({ block: 'nearest' });
  root.querySelector('.task')?.scrollTo({ top: 0 });
  if (document.hasFocus()) focus('textarea.answer');
}

async function main(): Promise<void> {
  const page = new Page(await connectToHost(), draw);
  document.addEventListener('keydown', (event) => onKey(page, event));
  for (const sign of ['pointerdown', 'pointermove', 'wheel'] as const)
    document.addEventListener(sign, () => page.touch(), { passive: true });
  window.addEventListener('pagehide', () => void page.flush().catch(() => undefined));
  await page.watch();
}

void main();
