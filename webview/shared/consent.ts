/** A model wants to use tools that nobody has allowed: what a person is asked, wherever models call. */
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { Consent } from '../../src/protocol/chatSurface';
import { t } from './l10n';

/** A model may name what is no tool, `constructor` for one. */
export function toolName(name: string): string {
  const names = new Map([
    ['calculator', t('Calculator')],
    ['search', t('Search')],
    ['javascript', t('JavaScript')],
    ['', t('No tool')],
  ]);
  return names.get(name) ?? name;
}

/** @param here what stands on the button for `chat`: as long as what asks is open */
export function consentQuestion(
  tools: readonly string[],
  here: string,
  answer: (consent: Consent) => void,
): TemplateResult {
  const button = (consent: Consent, label: string, first = false): TemplateResult =>
    html`<vscode-button
      appearance=${first ? 'primary' : 'secondary'}
      @click=${() => answer(consent)}
      >${label}</vscode-button
    >`;
  const names = [...new Set(tools)].map(toolName).join(', ');
  const asked = t('The model wants to use {0}. Allow it?', names);
  return html`<div class="consent" role="group" aria-label=${asked} @keydown=${stay}>
    <p>${asked}</p>
    <div class="row">
      ${button('once', t('Allow Once'), true)} ${button('chat', here)}
      ${button('workspace', t('Always in This Workspace'))} ${button('no', t("Don't Allow"))}
    </div>
  </div>`;
}

/** Enter is the button's. */
function stay(event: KeyboardEvent): void {
  event.stopPropagation();
}
