/** The guidelines beside the work; where there are none, the offer to write some. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js';
import type { DeskState } from '../../src/protocol/labelSurface';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import type { Page } from './page';
import { button, symbol, wordDiff } from './parts';

export function guidelinesView(page: Page, state: DeskState): TemplateResult {
  const { guidelines } = state;
  return html`<aside class="guidelines" aria-label=${t('Guidelines')}>
    <header class="row">
      <h2>${t('Guidelines')}</h2>
      <span class="grow"></span>
      ${
        guidelines
          ? symbol('edit', t('Edit the guidelines'), () =>
              page.do((ask) => ask.openGuidelines({}, never)),
            )
          : nothing
      }
      ${symbol('close', t('Hide the guidelines'), () => page.remember({ guidelinesOpen: false }))}
    </header>
    ${guidelines ? body(page, guidelines.html) : none(page, state)}
  </aside>`;
}

/** The HTML is made by the host's renderer, which lets no markup of the text through. */
function body(page: Page, current: string): TemplateResult {
  const { earlier } = page;
  if (!earlier) return html`<div class="prose" tabindex="0">${unsafeHTML(current)}</div>`;
  return html`<div class="notice row">
      <span>${t('As they were when this label was made.')}</span>
      ${button({
        label: t('Show the Current Ones'),
        run: () => {
          page.earlier = undefined;
          page.redraw();
        },
      })}
    </div>
    <div class="prose" tabindex="0">
      ${unsafeHTML(earlier.html)}
      ${
        earlier.now === undefined
          ? nothing
          : html`<details class="changed">
              <summary>${t('What has changed since')}</summary>
              ${wordDiff(earlier.text, earlier.now)}
            </details>`
      }
    </div>`;
}

function none(page: Page, { guidelinesFile }: DeskState): TemplateResult {
  return html`<div class="empty">
    <p>${t('There are no guidelines yet: nothing says what a good answer is.')}</p>
    <p class="quiet">
      ${t('They are a Markdown file, {0}, which each label names the version of.', guidelinesFile)}
    </p>
    ${button({
      icon: 'new-file',
      label: t('Write Guidelines to Begin with'),
      appearance: 'primary',
      run: () => page.do((ask) => ask.writeGuidelines({}, never)),
    })}
  </div>`;
}

export function showEarlier(page: Page, version: string): void {
  page.do(async (ask) => {
    page.earlier = await ask.guidelines({ version }, never);
    page.remember({ guidelinesOpen: true });
  });
}
