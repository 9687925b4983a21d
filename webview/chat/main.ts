/**
 * The chat's page: the model, the turns, what went wrong, and where one writes. The extension host owns
 * the conversation; here is what is being typed and what is unfolded, kept across reloads.
 */
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ChatState } from '../../src/protocol/chatSurface';
import { icon } from '../shared/controls';
import { connectToHost, never } from '../shared/host';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import './main.css';
import { Page } from './page';
import { settingsPanel } from './settingsPanel';
import { percent, SCALE, textOf, turnsOf } from './turns';
import { action, isSend, turnView, valueOf } from './turnView';

const root = document.getElementById('root') ?? document.body;

function view(page: Page): TemplateResult {
  const { state } = page;
  if (!state) return html`${problem(page, undefined)}`;
  return html`<header>${modelRow(page, state)} ${contextBar(state)}</header>
    <div class="turns" tabindex="-1">
      ${state.path.length === 0 ? welcome(page, state) : nothing} ${turns(page, state)}
      ${problem(page, state)}
    </div>
    <footer>
      ${page.own.coloured ? legend() : nothing} ${composer(page, state)}
      ${page.own.settingsOpen ? settingsPanel(page, state) : nothing}
    </footer>
    <div id="said" class="visually-hidden" aria-live="polite"></div>`;
}

function modelRow(page: Page, { model, activity }: ChatState): TemplateResult {
  const choose = (): void => page.do((ask) => ask.chooseModel({}, never));
  const title = t('Choose the model');
  return html`<div class="row model">
    <button type="button" class="chooser" title=${title} @click=${choose}>
      <span class="name">${model?.name ?? t('Choose a model')}</span> ${icon('chevron-down')}
    </button>
    ${action('history', t('Conversations'), () =>
      page.do((ask) => ask.chooseConversation({}, never)),
    )}
    ${
      activity === 'idle'
        ? nothing
        : html`<span
            class="progress"
            role="progressbar"
            aria-label=${t('The model writes')}
          ></span>`
    }
  </div>`;
}

function contextBar({ model, contextUsed = 0 }: ChatState): unknown {
  if (!model) return nothing;
  const { context, parameters } = model;
  const share = Math.min(1, contextUsed / context);
  const counted = t('{0} of {1} tokens', grouped(contextUsed), grouped(context));
  const size = new Intl.NumberFormat(undefined, { notation: 'compact' }).format(parameters);
  return html`<div class="row quiet context">
    <span>${t('{0} parameters', size)}</span>
    <span
      class="meter"
      role="meter"
      aria-label=${t('Context used')}
      aria-valuemin="0"
      aria-valuemax=${context}
      aria-valuenow=${contextUsed}
      ><span ${styled({ width: `${(share * 100).toFixed(1)}%` })}></span
    ></span>
    <span title=${t('Tokens that the model looks at, of those it can look at')}>${counted}</span>
  </div>`;
}

const grouped = (value: number): string => new Intl.NumberFormat().format(value);

function welcome(page: Page, { model, hasModels, mode }: ChatState): unknown {
  if (!hasModels && !model)
    return html`<div class="welcome">
      <p>${t('There is no model here yet. Train one and talk to it while it learns.')}</p>
      <vscode-button @click=${() => page.do((ask) => ask.newRun({}, never))}
        >${t('New Training Run')}</vscode-button
      >
    </div>`;
  if (!model) return html`<p class="welcome">${t('Choose a model above.')}</p>`;
  const hint = t('Click any token of what it writes to see what else it thought of.');
  return html`<div class="welcome">
    <p>
      ${
        mode === 'text'
          ? t('This model was never taught to chat: it continues what you write.')
          : t('Ask something. Answers come from this model on this machine.')
      }
    </p>
    <p class="quiet">${hint}</p>
  </div>`;
}

function turns(page: Page, state: ChatState): unknown {
  const all = turnsOf(state.path);
  return repeat(
    all,
    (turn) => `${state.conversation} ${turn.passages[0]?.id}`,
    (turn, at) => turnView(page, state, turn, at === all.length - 1),
  );
}

function problem(page: Page, state: ChatState | undefined): unknown {
  const message = state?.problem?.message ?? page.failure;
  if (message === undefined) return nothing;
  const retry = (): void => page.do((ask) => ask.goOn({}, never));
  const canRetry = state?.model !== undefined && state.path.length > 0;
  return html`<div class="problem-line" role="alert">
    ${icon('error')}
    <p>${message} ${state?.problem?.remedy ?? nothing}</p>
    ${
      canRetry
        ? html`<vscode-button appearance="secondary" @click=${retry}>${t('Retry')}</vscode-button>`
        : nothing
    }
  </div>`;
}

/** The scale of the colours: each step has an underline of its own as well. */
function legend(): TemplateResult {
  const steps = [...SCALE.map((least) => `≥ ${percent(least)}`), `< ${percent(SCALE.at(-1) ?? 0)}`];
  return html`<div class="legend" role="note" aria-label=${t('Probability of each token')}>
    ${steps.map((label, level) => html`<span class="coloured"><span class="token level${level}">${label}</span></span>`)}
  </div>`;
}

function composer(page: Page, state: ChatState): TemplateResult {
  const { mode, activity, model } = state;
  const text = mode === 'text';
  const busy = activity !== 'idle';
  const send = (): void => {
    const { draft } = page;
    if (!model) page.do((ask) => ask.chooseModel({}, never));
    else if (draft.trim() !== '' || text)
      page.do(
        (ask) => ask.send({ text: draft }, never),
        // What was typed while it was sent stays.
        () => {
          if (page.draft.startsWith(draft)) page.draft = page.draft.slice(draft.length);
        },
      );
  };
  const placeholder = text ? t('Text to go on with; empty to let it go on') : t('Ask the model');
  const { coloured, settingsOpen } = page.own;
  return html`<vscode-text-area
      id="composer"
      rows="3"
      resize="vertical"
      placeholder=${placeholder}
      aria-label=${placeholder}
      .value=${live(page.draft)}
      @input=${(event: Event) => (page.draft = valueOf(event.currentTarget))}
      @keydown=${(event: KeyboardEvent) => {
        if (isSend(event)) send();
      }}
    ></vscode-text-area>
    <div class="row">
      ${toggle('settings', t('Settings'), settingsOpen, () =>
        page.keep({ settingsOpen: !settingsOpen }),
      )}
      ${toggle('symbol-color', t('Colour tokens by probability'), coloured, () =>
        page.keep({ coloured: !coloured }),
      )}
      <span class="grow"></span>
      <vscode-button
        appearance=${busy ? 'secondary' : 'primary'}
        @click=${busy ? () => page.do((ask) => ask.stop({}, never)) : send}
        >${busy ? t('Stop') : text ? t('Continue') : t('Send')}</vscode-button
      >
    </div>`;
}

function toggle(name: string, label: string, on: boolean, run: () => void): TemplateResult {
  return html`<button
    type="button"
    class="plain-button"
    aria-label=${label}
    aria-pressed=${on}
    title=${label}
    @click=${run}
  >
    ${icon(name)}
  </button>`;
}

/** Draws, and stays at the end where one was at the end. The focus stays on something. */
function draw(page: Page): void {
  const list = root.querySelector('.turns');
  const atEnd = !list || list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const opening = page.open !== undefined && !root.querySelector('.alternatives');
  const editing = root.querySelector('.editor') !== null;
  const focused = document.activeElement;
  render(view(page), root);
  const editor = root.querySelector<HTMLElement>('.editor');
  if (editor && !editing && focused !== document.body) editor.focus();
  // Not from where a person writes meanwhile: a page that focuses something takes the focus to itself.
  else if (focused?.isConnected === false && document.hasFocus()) focusComposer();
  const drawn = root.querySelector('.turns');
  if (drawn && atEnd && !page.open) drawn.scrollTop = drawn.scrollHeight;
  const popover = root.querySelector<HTMLElement>('.alternatives');
  if (page.open && popover) place(popover, page.open);
  if (!opening || !popover) return;
  // Old tokens have no alternatives: the focus goes to what closes it.
  const first = popover.querySelector<HTMLElement>('.alternative');
  (first ?? popover.querySelector('button'))?.focus();
}

/** Below its token; as wide as the view lets it, since a side bar is narrow. */
function place(popover: HTMLElement, { passage, index }: { passage: number; index: number }): void {
  const at = `[data-passage="${passage}"][data-index="${index}"]`;
  const boxes = root.querySelector(at)?.getClientRects();
  const turn = popover.parentElement?.getBoundingClientRect();
  const box = boxes?.[boxes.length - 1];
  if (!box || !turn) return;
  popover.style.top = `${box.bottom - turn.top + 4}px`;
  const most = Math.max(0, turn.width - popover.offsetWidth);
  popover.style.left = `${Math.min(Math.max(0, box.left - turn.left - 8), most)}px`;
  popover.scrollIntoView({ block: 'nearest' });
}

/** Screen readers hear an answer when it is finished, not each token. */
function announce(before: ChatState | undefined, now: ChatState | undefined): void {
  if (!before || !now || before.activity === 'idle' || now.activity !== 'idle') return;
  const last = turnsOf(now.path).at(-1);
  const said = document.getElementById('said');
  if (said && last?.role === 'assistant') said.textContent = textOf(last);
}

const focusComposer = (): void => {
  if (document.activeElement === document.body) document.getElementById('composer')?.focus();
};

async function main(): Promise<void> {
  const page = new Page(await connectToHost(), draw);
  window.addEventListener('focus', focusComposer);
  await page.watch((before) => {
    announce(before, page.state);
    if (before) return;
    requestAnimationFrame(() => {
      if (document.hasFocus()) focusComposer();
    });
  });
}

void main();
