/** How the model chooses its tokens and which tools it may ask for, folded away; the settings give the defaults. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { samplingSchema } from '../../src/protocol/chatSurface';
import type { ChatState, Sampling, ShownTool } from '../../src/protocol/chatSurface';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { toolName } from '../shared/consent';
import type { Page } from './page';
import { valueOf } from './turnView';

const fields = (): readonly { name: keyof Sampling; label: string; help: string }[] => [
  {
    name: 'temperature',
    label: t('Temperature'),
    help: t('0: always the likeliest token. 1: as the model says. More: wilder.'),
  },
  { name: 'maxTokens', label: t('Most tokens'), help: t('Of one answer.') },
  { name: 'topK', label: t('Top k'), help: t('Among this many likeliest tokens. 0: among all.') },
  {
    name: 'topP',
    label: t('Top p'),
    help: t('Among the likeliest tokens that make up this probability. 1: among all.'),
  },
  {
    name: 'minP',
    label: t('Min p'),
    help: t("Tokens below this fraction of the likeliest one's probability are left out."),
  },
  {
    name: 'repetitionPenalty',
    label: t('Repetition penalty'),
    help: t('Above 1, tokens that are already there become less likely.'),
  },
];

export function settingsPanel(page: Page, state: ChatState): TemplateResult {
  const { sampling, samplingChanged, instructions, mode } = state;
  const set = (sampling: Sampling | null): void =>
    page.do((ask) => ask.setSampling({ sampling }, never));
  return html`<div class="settings" id="settings" role="group" aria-label=${t('Settings')}>
    ${
      mode === 'chat'
        ? html`<vscode-text-area
            class="wide"
            rows="2"
            resize="vertical"
            placeholder=${t('What the model is told before the conversation')}
            .value=${live(instructions)}
            @change=${(event: Event) => {
              const text = valueOf(event.currentTarget);
              page.do((ask) => ask.setInstructions({ text }, never));
            }}
            >${t('Instructions')}</vscode-text-area
          >`
        : nothing
    }
    ${mode === 'chat' && state.model ? toolSettings(page, state) : nothing}
    ${fields().map(
      ({ name, label, help }) =>
        html`<vscode-text-field
          size="6"
          title=${help}
          inputmode="decimal"
          .value=${live(String(sampling[name]))}
          @change=${(event: Event) => {
            const value = Number(valueOf(event.currentTarget));
            const changed = samplingSchema.safeParse({ ...sampling, [name]: value });
            if (changed.success) set(changed.data);
            else page.redraw();
          }}
          >${label}</vscode-text-field
        >`,
    )}
    ${
      samplingChanged
        ? html`<vscode-button class="wide" appearance="secondary" @click=${() => set(null)}
            >${t('As in the Settings')}</vscode-button
          >`
        : nothing
    }
  </div>`;
}

function toolSettings(page: Page, { tools }: ChatState): TemplateResult {
  if (tools.length === 0)
    return html`<p class="wide quiet">${t('This model was taught no calls of tools.')}</p>`;
  const allowed = tools.some((tool) => tool.allowed !== undefined);
  return html`<fieldset class="wide tools">
    <legend>${t('Tools that the model may ask for')}</legend>
    ${tools.map((tool) => toolRow(page, tool))}
    ${
      allowed
        ? html`<vscode-button
            appearance="secondary"
            @click=${() => page.do((ask) => ask.askAgain({}, never))}
            >${t('Ask Before Each Call Again')}</vscode-button
          >`
        : nothing
    }
  </fieldset>`;
}

function toolRow(page: Page, { name, chosen, place, allowed }: ShownTool): TemplateResult {
  const change = (event: Event): void => {
    const box = event.currentTarget;
    if (!(box instanceof HTMLInputElement)) return;
    const now = box.checked;
    // As the host says it is: a person may choose no place for search.
    box.checked = chosen;
    page.do((ask) => ask.useTool({ name, chosen: now }, never));
  };
  const known = {
    chat: t('allowed in this conversation'),
    workspace: t('always allowed here'),
  };
  return html`<div class="row">
    <label
      ><input type="checkbox" .checked=${live(chosen)} @change=${change} /> ${toolName(name)}</label
    >
    ${
      name === 'search'
        ? html`<button
            type="button"
            class="link"
            @click=${() => page.do((ask) => ask.chooseSearch({}, never))}
          >
            ${place ?? t('choose where...')}
          </button>`
        : nothing
    }
    ${allowed ? html`<span class="quiet">${known[allowed]}</span>` : nothing}
  </div>`;
}
