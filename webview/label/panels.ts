/** What opens above the work: a prompt that is written, and the keys. */
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { t } from '../shared/l10n';
import type { Page } from './page';
import { button, DONE_KEY, valueOf } from './parts';

export function closePanel(page: Page): void {
  page.panel = 'none';
  page.redraw();
}

export function promptForm(page: Page): TemplateResult {
  const { newPrompt } = page;
  return html`<form
    class="prompt-form"
    aria-label=${t('New prompt')}
    @submit=${(event: Event) => event.preventDefault()}
  >
    <h2>${t('New prompt')}</h2>
    <textarea
      id="new-prompt"
      rows="3"
      aria-label=${t('What the user asks')}
      placeholder=${t('What the user asks')}
      .value=${live(newPrompt.prompt)}
      @input=${(event: Event) => (newPrompt.prompt = valueOf(event))}
    ></textarea>
    <input
      type="text"
      aria-label=${t('Instructions to the assistant')}
      placeholder=${t('Instructions to the assistant (may stay empty)')}
      .value=${live(newPrompt.system)}
      @input=${(event: Event) => (newPrompt.system = valueOf(event))}
    />
    <div class="row">
      ${button({ label: t('Add'), key: DONE_KEY, appearance: 'primary', run: () => page.addPrompt() })}
      ${button({ label: t('Cancel'), key: 'Esc', run: () => closePanel(page) })}
    </div>
  </form>`;
}

export function keysPanel(page: Page): TemplateResult {
  const keys: [string, string][] = [
    [DONE_KEY, t('Finish, and go on to the next')],
    ['E', t('Write the answer (Esc leaves the field, so that letters are keys again)')],
    ['D', t('Draft with the model; Esc stops it')],
    ['U', t('Take back the draft')],
    ['F', t('Ask further: another turn')],
    ['B', t('Branch off: another answer to the same')],
    ['[ ]', t('Branch before, next branch')],
    ['1 ... 5', t('A mark; 1, 2 and 0 in comparisons')],
    ['C', t('To the sections that decide it')],
    ['S', t('Skip with a reason')],
    ['J K', t('Next, before')],
    ['N', t('Write a prompt')],
    ['A', t('Import or generate prompts')],
    ['M', t('Make comparisons')],
    ['G', t('Show or hide the guidelines')],
    ['I', t('Statistics')],
    ['X', t('Export')],
    ['W', t('Who labels')],
    ['L', t('Choose the model that drafts')],
  ];
  return html`<div class="notice keys" role="region" aria-label=${t('Keys')}>
    <dl>
      ${keys.map(
        ([name, what]) =>
          html`<dt><kbd>${name}</kbd></dt>
            <dd>${what}</dd>`,
      )}
    </dl>
    ${button({ label: t('Close'), key: 'Esc', run: () => closePanel(page) })}
  </div>`;
}
