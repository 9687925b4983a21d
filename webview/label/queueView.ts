/** The queue: what there is to label, and how far it is. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { DeskState, QueueItem } from '../../src/protocol/labelSurface';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import type { Page } from './page';
import { FILTERS } from './queueOrder';
import { button, statusIcon, statusText, valueOf } from './parts';

/** Rows that are drawn around the open one; more would be slow, and nobody reads them. */
const ROWS = 300;

export function queueView(page: Page, state: DeskState): TemplateResult {
  const { shown } = page;
  const at = shown.findIndex(({ task }) => task === page.task?.view.task);
  const from = Math.max(0, Math.min(at - ROWS / 2, shown.length - ROWS));
  const rows = shown.slice(from, from + ROWS);
  return html`<nav class="queue" aria-label=${t('Queue')}>
    <div class="queue-head">
      <select
        aria-label=${t('Which are shown')}
        @change=${(event: Event) => {
          const filter = FILTERS.find((each) => each === valueOf(event));
          if (filter) page.remember({ filter });
        }}
      >
        ${FILTERS.map(
          (filter) =>
            html`<option value=${filter} ?selected=${filter === page.own.filter}>
              ${filterText(filter, state)}
            </option>`,
        )}
      </select>
    </div>
    <ol class="queue-list">
      ${from > 0 ? html`<li class="quiet more">${t('{0} before', from)}</li>` : nothing}
      ${repeat(
        rows,
        ({ task }) => task,
        (item) => row(page, item),
      )}
      ${
        from + rows.length < shown.length
          ? html`<li class="quiet more">${t('{0} more', shown.length - from - rows.length)}</li>`
          : nothing
      }
      ${shown.length === 0 ? html`<li class="quiet more">${t('None.')}</li>` : nothing}
    </ol>
    <div class="queue-foot">
      ${button({
        icon: 'add',
        label: t('Write'),
        key: 'N',
        run: () => {
          page.panel = 'prompt';
          page.redraw();
        },
      })}
      ${button({ label: t('Add...'), key: 'A', run: () => page.do((ask) => ask.addPrompts({}, never)) })}
      ${button({
        label: t('Compare...'),
        key: 'M',
        run: () => page.do((ask) => ask.addComparisons({}, never)),
      })}
    </div>
  </nav>`;
}

function filterText(filter: (typeof FILTERS)[number], { queue }: DeskState): string {
  if (filter === 'all') return t('All ({0})', queue.length);
  const count = queue.filter(({ status }) => status === filter).length;
  return `${statusText(filter)} (${count})`;
}

function row(page: Page, item: QueueItem): TemplateResult {
  const isOpen = item.task === page.task?.view.task;
  return html`<li class=${isOpen ? 'chosen' : ''}>
    <button
      type="button"
      aria-current=${isOpen ? 'true' : 'false'}
      @click=${() => page.open(item.task)}
    >
      ${statusIcon(item.status)}
      <span class="title">${item.title === '' ? t('(empty)') : item.title}</span>
      ${item.mode === 'answer' ? nothing : html`<span class="mode" title=${modeText(item.mode)}>${icon(item.mode === 'rating' ? 'star-empty' : 'arrow-swap')}<span class="visually-hidden">${modeText(item.mode)}</span></span>`}
      ${
        item.others > 0
          ? html`<span class="quiet" title=${t('Finished by {0} others', item.others)}
              >${icon('account')}${item.others}</span
            >`
          : nothing
      }
    </button>
  </li>`;
}

export function modeText(mode: QueueItem['mode']): string {
  if (mode === 'answer') return t('Answer');
  return mode === 'rating' ? t('Rating') : t('Comparison');
}
