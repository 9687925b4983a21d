/** One turn: who speaks, what was said, and what can be done with it. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { GlassboxError } from '../../src/base/errors';
import type { ChatState, ShownPassage } from '../../src/protocol/chatSurface';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { alternatives } from './alternatives';
import { answer, versionSwitch } from './answer';
import type { Page } from './page';
import type { Turn } from './turns';

export function turnView(
  page: Page,
  state: ChatState,
  turn: Turn,
  isLast: boolean,
): TemplateResult {
  return turn.role === 'user'
    ? personTurn(page, state, firstOf(turn))
    : answerTurn(page, state, turn, isLast);
}

function firstOf({ passages: [first] }: Turn): ShownPassage {
  if (!first) throw new GlassboxError('empty-turn', 'A turn has no passage.');
  return first;
}

function personTurn(page: Page, state: ChatState, passage: ShownPassage): TemplateResult {
  const { editing } = page.own;
  if (editing?.passage === passage.id) return editor(page, editing);
  const { id, text } = passage;
  return html`<section class="turn person" aria-label=${t('You')}>
    ${state.mode === 'chat' ? html`<h3>${t('You')}</h3>` : nothing}
    <span class="said">${text}</span>
    <div class="actions">
      ${versionSwitch(page, passage, 0)}
      ${action('edit', t('Edit'), () => page.keep({ editing: { passage: id, text } }))}
      ${action('copy', t('Copy'), () => page.do((ask) => ask.copy({ passage: id }, never)))}
    </div>
  </section>`;
}

function editor(page: Page, { passage, text }: { passage: number; text: string }): TemplateResult {
  const close = (): void => page.keep({ editing: null });
  const send = (): void => {
    const edited = page.own.editing?.text ?? text;
    page.do((ask) => ask.edit({ passage, text: edited }, never), close);
  };
  return html`<section class="turn person" aria-label=${t('You')}>
    <vscode-text-area
      class="editor"
      rows="3"
      resize="vertical"
      aria-label=${t('Edit')}
      .value=${live(text)}
      @input=${(event: Event) =>
        page.keep({ editing: { passage, text: valueOf(event.currentTarget) } })}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Escape') close();
        if (isSend(event)) send();
      }}
    ></vscode-text-area>
    <div class="row end">
      <vscode-button appearance="secondary" @click=${close}>${t('Cancel')}</vscode-button>
      <vscode-button @click=${send}>${t('Send')}</vscode-button>
    </div>
  </section>`;
}

function answerTurn(page: Page, state: ChatState, turn: Turn, isLast: boolean): TemplateResult {
  const name = state.model?.name ?? t('Model');
  const first = firstOf(turn);
  const last = turn.passages.at(-1) ?? first;
  const busy = isLast && state.activity !== 'idle';
  const { open } = page;
  const opened = open && turn.passages.find(({ id }) => id === open.passage);
  const token = opened?.tokens[open?.index ?? 0];
  const label = t(
    'Answer of {0}. Arrow keys move between its tokens, Enter shows what else was likely.',
    name,
  );
  const id = first.id;
  return html`<section class="turn" aria-label=${name} aria-busy=${busy}>
    ${state.mode === 'chat' ? html`<h3>${name}</h3>` : nothing} ${answer(page, turn, label)}
    ${open && token ? alternatives(page, open, token.text) : nothing}
    ${
      busy
        ? nothing
        : html`<div class="actions">
            ${versionSwitch(page, first, 0)}
            ${action('refresh', t('Write Again'), () =>
              page.do((ask) => ask.regenerate({ passage: id }, never)),
            )}
            ${action('copy', t('Copy'), () => page.do((ask) => ask.copy({ passage: id }, never)))}
            ${
              isLast && goesOn(turn, last) && !state.problem
                ? action('debug-continue', t('Go On'), () => page.do((ask) => ask.goOn({}, never)))
                : nothing
            }
            <span class="quiet">${isLast && !state.problem ? endingText(last) : nothing}</span>
          </div>`
    }
  </section>`;
}

/** A model that has said its end would only go on by force: choose another token there instead. */
const goesOn = ({ passages }: Turn, { ending, tokens }: ShownPassage): boolean =>
  (tokens.length > 0 || passages.length > 1) &&
  (ending === 'length' || ending === 'calls' || ending === 'stopped' || ending === 'failed');

function endingText({ ending }: ShownPassage): string {
  if (ending === 'length') return t('Cut at the most tokens of an answer.');
  if (ending === 'calls') return t('Ended: too many calls of tools.');
  if (ending === 'context') return t("The model's context is full.");
  return ending === 'stopped' ? t('Stopped.') : '';
}

export function action(name: string, label: string, run: () => void): TemplateResult {
  return html`<button
    type="button"
    class="plain-button"
    aria-label=${label}
    title=${label}
    @click=${run}
  >
    ${icon(name)}
  </button>`;
}

/** Enter, while no input method is composing; with Shift it is a line break. */
export const isSend = (event: KeyboardEvent): boolean => {
  const sends = event.key === 'Enter' && !event.shiftKey && !event.isComposing;
  if (sends) event.preventDefault();
  return sends;
};

export function valueOf(target: EventTarget | null): string {
  return target !== null && 'value' in target && typeof target.value === 'string'
    ? target.value
    : '';
}
