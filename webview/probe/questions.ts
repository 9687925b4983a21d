/** The questions with their answers, by kind; filtered, searched, each to be unfolded. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ProbeAnswer } from '../../src/protocol/knowledgeMessages';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count } from '../shared/numbers';
import { filterCounts, hasChanged, listed } from './figures';
import type { Actions } from './page';
import { FILTERS } from './view';
import type { Filter, View } from './view';
import {
  kindHint,
  KIND_ICONS,
  kindText,
  sureText,
  toldText,
  verdictText,
  VERDICT_ICONS,
} from './words';

export interface Listing {
  readonly answers: readonly ProbeAnswer[];
  /** Whether all have arrived. */
  readonly whole: boolean;
  readonly compared: boolean;
  /** Rows that are drawn at most. */
  readonly rows: number;
}

export function questionsOf(
  { answers, whole, compared, rows }: Listing,
  { filter, query }: View,
  actions: Actions,
): TemplateResult {
  const groups = listed(answers, { filter, query });
  const found = groups.reduce((sum, group) => sum + group.answers.length, 0);
  let left = rows;
  return html`<section class="questions">
    <div class="questions-head">
      <h2>${t('Questions')}</h2>
      <div role="group" class="filters" aria-label=${t('Which questions are listed')}>
        ${filtersOf(answers, filter, compared, actions)}
      </div>
      <input
        type="search"
        class="search"
        placeholder=${t('Search')}
        aria-label=${t('Search in questions and answers')}
        .value=${query}
        @input=${({ target }: Event) => {
          if (target instanceof HTMLInputElement) actions.search(target.value);
        }}
      />
    </div>
    <p class="visually-hidden" role="status">
      ${whole ? t('{0} questions are listed.', count(found)) : t('Reading...')}
    </p>
    ${found === 0 ? html`<p class="quiet">${whole ? t('None.') : t('Reading...')}</p>` : nothing}
    ${groups.map(({ kind, answers: its }) => {
      const drawn = its.slice(0, Math.max(0, left));
      left -= drawn.length;
      if (drawn.length === 0) return nothing;
      return html`<h3 class=${kind} title=${kindHint(kind)}>
          ${icon(KIND_ICONS[kind])} ${kindText(kind)}
          <span class="quiet">${count(its.length)}</span>
        </h3>
        <ul>
          ${repeat(
            drawn,
            ({ question }) => question,
            (each) => rowOf(each, compared),
          )}
        </ul>`;
    })}
    ${
      found > rows
        ? html`<vscode-button appearance="secondary" @click=${actions.more}
            >${t('Show more ({0} left)', count(found - rows))}</vscode-button
          >`
        : nothing
    }
  </section>`;
}

function filtersOf(
  answers: readonly ProbeAnswer[],
  chosen: Filter,
  compared: boolean,
  actions: Actions,
): TemplateResult[] {
  const counts = filterCounts(answers);
  return FILTERS.filter((filter) => filter !== 'changed' || compared).map(
    (filter) =>
      html`<button
        type="button"
        class="filter ${filter}"
        aria-pressed=${filter === chosen ? 'true' : 'false'}
        title=${kindHint(filter)}
        @click=${() => actions.filter(filter)}
      >
        ${kindText(filter)} <span class="quiet">${count(counts[filter])}</span>
      </button>`,
  );
}

function rowOf(each: ProbeAnswer, compared: boolean): TemplateResult {
  const { question, answer, probability, agreement, drawn, before, knowledge } = each;
  return html`<li>
    <details class="question ${knowledge}">
      <summary>
        <span class="asked">${question}</span>
        <span class="said">${verdictOf(answer)}</span>
        <span
          class="quiet sure"
          title=${t('Probability of its least sure token, and the share of drawn answers that agree')}
          >${sureText(probability)} ·
          ${t('{0} of {1}', Math.round(agreement * drawn.length), drawn.length)}</span
        >
        ${
          compared && before && hasChanged(each)
            ? html`<span class="was" title=${kindHint('changed')}
                >${t('was: {0}', kindText(before.knowledge))}</span
              >`
            : nothing
        }
      </summary>
      ${bodyOf(each)}
    </details>
  </li>`;
}

function verdictOf({ text, verdict }: ProbeAnswer['answer']): TemplateResult {
  return html`<span class="verdict ${verdict}" title=${verdictText(verdict)}
      >${icon(VERDICT_ICONS[verdict])}<span class="visually-hidden"
        >${verdictText(verdict)}</span
      ></span
    >
    ${text === '' ? html`<span class="quiet">${t('(nothing)')}</span>` : text}`;
}

function bodyOf({ right, told, ended, drawn, before, source }: ProbeAnswer): TemplateResult {
  return html`<dl>
    <dt>${t('Right is')}</dt>
    <dd>${right}${told ? html` <span class="quiet">(${toldText(told)})</span>` : nothing}</dd>
    ${
      ended
        ? nothing
        : html`<dt>${t('Note')}</dt>
            <dd>${t('The answer had no end and was cut off.')}</dd>`
    }
    ${
      drawn.length > 0
        ? html`<dt>${t('Drawn')}</dt>
            <dd>
              <ol>
                ${drawn.map((answer) => html`<li>${verdictOf(answer)}</li>`)}
              </ol>
            </dd>`
        : nothing
    }
    ${
      before
        ? html`<dt>${t('Before')}</dt>
            <dd>
              ${verdictOf(before.answer)} <span class="quiet">(${kindText(before.knowledge)})</span>
            </dd>`
        : nothing
    }
    ${
      source === undefined
        ? nothing
        : html`<dt>${t('Source')}</dt>
            <dd><blockquote>${source}</blockquote></dd>`
    }
  </dl>`;
}
