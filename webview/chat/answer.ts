/**
 * The tokens of an answer, and the calls of tools in it: one tab stop, arrow keys move between them,
 * Enter or a click asks what else the model thought of. Where versions part stands a switch that walks
 * between them.
 */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { classMap } from 'lit-html/directives/class-map.js';
import { guard } from 'lit-html/directives/guard.js';
import type { ShownPassage } from '../../src/protocol/chatSurface';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import { callBlock } from './callBlock';
import type { Page } from './page';
import { levelOf, percent, segmentsOf, visible } from './turns';
import type { Part, Turn } from './turns';

export function answer(page: Page, turn: Turn, label: string): TemplateResult {
  const [first] = turn.passages;
  const shown = (parts: readonly Part[]): unknown[] =>
    parts.map((part) => partOf(page, part, part.passage !== first));
  return html`<div
    class=${classMap({ tokens: true, coloured: page.own.coloured })}
    role="group"
    tabindex="0"
    aria-label=${label}
    @click=${(event: Event) => onClick(page, event)}
    @keydown=${(event: KeyboardEvent) => onKey(page, event)}
    @focusin=${(event: FocusEvent) => announceToken(event)}
  >
    ${segmentsOf(turn).map((segment) =>
      segment.kind === 'said'
        ? shown(segment.parts)
        : callBlock(page, segment, shown(segment.parts)),
    )}
  </div>`;
}

function partOf(page: Page, { passage, from, to }: Part, withSwitch: boolean): unknown {
  const { id, text, tokens, versions } = passage;
  const at = page.open?.passage === id ? page.open.index : -1;
  // A template for each token is dear: only where something of the passage has changed.
  const changing = [id, from, to, versions.length, page.own.coloured, at, withSwitch];
  return guard(changing, () => [
    withSwitch && from === 0 ? versionSwitch(page, passage, -1) : nothing,
    text === '' || from > 0 ? nothing : html`<span class="plain">${text}</span>`,
    tokens.slice(from, to).map((token, position) => {
      const index = from + position;
      const classes = {
        silent: token.silent,
        open: index === at,
        [`level${levelOf(token)}`]: true,
      };
      const title = page.own.coloured ? percent(token.probability) : nothing;
      return html`<span
        class="token ${classMap(classes)}"
        tabindex="-1"
        data-passage=${id}
        data-index=${index}
        data-probability=${percent(token.probability)}
        title=${title}
        >${token.text}</span
      >`;
    }),
  ]);
}

/** ‹ 2/3 › */
export function versionSwitch(
  page: Page,
  { id, versions }: ShownPassage,
  tabindex: 0 | -1,
): TemplateResult | typeof nothing {
  if (versions.length < 2) return nothing;
  const at = versions.indexOf(id);
  const go = (to: number): TemplateResult => {
    const version = versions[to];
    const back = to < at;
    const label = back ? t('Version before') : t('Next version');
    return html`<button
      type="button"
      class="plain-button"
      tabindex=${tabindex}
      aria-label=${label}
      title=${label}
      ?disabled=${version === undefined}
      @click=${(event: Event) => {
        event.stopPropagation();
        if (version !== undefined) page.do((ask) => ask.choose({ passage: version }, never));
      }}
    >
      ${icon(back ? 'chevron-left' : 'chevron-right')}
    </button>`;
  };
  const counted = t('Version {0} of {1}', at + 1, versions.length);
  return html`<span class="versions" role="group" aria-label=${counted}
    >${go(at - 1)}<span>${at + 1}/${versions.length}</span>${go(at + 1)}</span
  >`;
}

const tokenAt = (target: EventTarget | null): HTMLElement | undefined =>
  target instanceof HTMLElement && target.dataset['index'] !== undefined ? target : undefined;

function onClick(page: Page, event: Event): void {
  // Whoever marks text to copy it asks for nothing.
  if (getSelection()?.isCollapsed === false) return;
  const token = tokenAt(event.target);
  if (token) openToken(page, token);
}

function openToken(page: Page, token: HTMLElement): void {
  const { passage, index } = token.dataset;
  page.explain(Number(passage), Number(index));
}

function onKey(page: Page, event: KeyboardEvent): void {
  const group = event.currentTarget;
  if (!(group instanceof HTMLElement)) return;
  const token = tokenAt(event.target);
  if (event.key === 'Enter' || event.key === ' ') {
    if (!token) return;
    openToken(page, token);
  } else {
    const every = '.token, .versions button:enabled, .call summary, .call button:enabled';
    const all = [...group.querySelectorAll<HTMLElement>(every)];
    const stops = all.filter((stop) => stop.checkVisibility());
    const at = stops.findIndex((stop) => stop === document.activeElement);
    const to = stopFrom(stops, at, event.key);
    if (!to) return;
    to.focus();
  }
  event.preventDefault();
}

function stopFrom(stops: readonly HTMLElement[], at: number, key: string): HTMLElement | undefined {
  if (key === 'ArrowRight') return stops[at + 1];
  if (key === 'ArrowLeft') return stops[at - 1];
  if (key === 'Home') return stops[0];
  if (key === 'End') return stops.at(-1);
  const from = stops[at]?.getBoundingClientRect();
  if (!from || (key !== 'ArrowUp' && key !== 'ArrowDown')) return undefined;
  const down = key === 'ArrowDown';
  const ways = stops.map((stop) => ({ stop, box: stop.getBoundingClientRect() }));
  const beyond = ways.filter(({ box }) =>
    down ? box.top >= from.bottom - 2 : box.bottom <= from.top + 2,
  );
  const lines = beyond.map(({ box }) => box.top);
  const line = down ? Math.min(...lines) : Math.max(...lines);
  const near = beyond.filter(({ box }) => Math.abs(box.top - line) < from.height / 2);
  near.sort((a, b) => Math.abs(a.box.left - from.left) - Math.abs(b.box.left - from.left));
  return near[0]?.stop;
}

/** A screen reader hears of the token under the focus; a span has no label of its own. */
function announceToken(event: FocusEvent): void {
  const token = tokenAt(event.target);
  const said = document.getElementById('said');
  if (!token || !said) return;
  said.textContent = `${visible(token.textContent)} ${token.dataset['probability'] ?? ''}`;
}
