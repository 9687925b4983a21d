/** What else the model thought of at a token: the likeliest tokens as bars, each one a way to go on. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import type { OpenToken, Page } from './page';
import { bits, percent, visible } from './turns';

export function alternatives(page: Page, open: OpenToken, shown: string): TemplateResult {
  const { explanation } = open;
  const { top, rank, logprob, entropy, id } = explanation;
  const listed = top.some((each) => each.id === id);
  const rows = listed ? top : [...top, { id, text: shown, logprob }];
  return html`<div
    class="alternatives"
    role="dialog"
    aria-label=${t('What else the model thought of')}
    @keydown=${(event: KeyboardEvent) => onKey(page, event)}
  >
    <div class="row heading">
      <code>${visible(shown)}</code>
      <span class="grow"></span>
      <button
        type="button"
        class="plain-button"
        aria-label=${t('Close')}
        title=${t('Close')}
        @click=${() => leave(page)}
      >
        ${icon('close')}
      </button>
    </div>
    <dl class="measures">
      ${measure(t('Probability'), percent(Math.exp(logprob)))} ${measure(t('Rank'), `${rank + 1}`)}
      ${measure(t('Surprise'), t('{0} bits', bits(-logprob)))}
      ${measure(t('Entropy'), t('{0} bits', bits(entropy)))}
    </dl>
    ${
      top.length === 0
        ? html`<p class="quiet">${t('The alternatives of older tokens are not kept.')}</p>`
        : html`<ul>
            ${rows.map((each) => row(page, open, each, each.id === id))}
          </ul>`
    }
  </div>`;
}

const measure = (name: string, value: string): TemplateResult =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

function row(
  page: Page,
  { passage, index }: OpenToken,
  { id, text, logprob }: OpenToken['explanation']['top'][number],
  isChosen: boolean,
): TemplateResult {
  const probability = Math.exp(logprob);
  const label = isChosen
    ? t('{0}, {1}, the one that was chosen', visible(text), percent(probability))
    : t('Go on with {0}, {1}', visible(text), percent(probability));
  const goOn = (event: Event): void => {
    leave(page);
    if (isChosen) return;
    // The token is replaced; what holds it stays, and arrow keys go on from there.
    const answer = event.currentTarget instanceof Element && event.currentTarget.closest('.turn');
    if (answer) answer.querySelector<HTMLElement>('.tokens')?.focus();
    page.do((ask) => ask.branch({ passage, index, token: id }, never));
  };
  return html`<li>
    <button
      type="button"
      class="alternative"
      aria-label=${label}
      aria-current=${isChosen ? 'true' : nothing}
      @click=${goOn}
    >
      <code>${visible(text)}</code>
      <span class="bar"
        ><span ${styled({ width: `${(probability * 100).toFixed(1)}%` })}></span
      ></span>
      <span class="share">${percent(probability)}</span>
    </button>
  </li>`;
}

/** Closes, and the focus goes back to the token. */
function leave(page: Page): void {
  const { open } = page;
  page.close();
  if (!open) return;
  const { passage, index } = open;
  const token = `[data-passage="${passage}"][data-index="${index}"]`;
  document.querySelector<HTMLElement>(token)?.focus();
}

function onKey(page: Page, event: KeyboardEvent): void {
  if (event.key === 'Escape') leave(page);
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    const all = [...document.querySelectorAll<HTMLElement>('.alternative')];
    const at = all.findIndex((each) => each === document.activeElement);
    all[event.key === 'ArrowDown' ? at + 1 : at - 1]?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
