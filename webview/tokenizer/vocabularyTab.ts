/** A whole vocabulary with a search: only the rows that are seen exist, and only their pages are asked. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { hasCode, messageOf } from '../../src/base/errors';
import type { Ask } from '../../src/protocol/descriptors';
import type { VocabularyEntry } from '../../src/protocol/documentMessages';
import { visibleText } from '../../src/protocol/tokenText';
import type { tokenizerSurface } from '../../src/protocol/tokenizerSurface';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import type { Explorer } from './explorerState';
import { inputValue, numberText, problemLine, tokenizerChoice } from './parts';

/** Pixels, as the style sheet has it. */
const ROW = 24;
const PAGE = 200;
/** Rows kept above and below what is seen. */
const MARGIN = 10;

export class VocabularyTab {
  readonly #explorer: Explorer;
  readonly #request: Ask<typeof tokenizerSurface.vocabulary>;
  #asked: string | undefined;
  #asking = new AbortController();
  /** Page -> its rows; empty while it is on its way. */
  #pages = new Map<number, readonly VocabularyEntry[]>();
  #size = 0;
  #matches = 0;
  #problem: string | undefined;
  #top = 0;
  #height = 600;

  constructor(explorer: Explorer, request: Ask<typeof tokenizerSurface.vocabulary>) {
    this.#explorer = explorer;
    this.#request = request;
  }

  render(): TemplateResult {
    const { browsed, query } = this.#explorer.kept;
    const key = JSON.stringify([browsed, query]);
    if (this.#asked !== key) {
      this.#asked = key;
      this.#asking.abort();
      this.#asking = new AbortController();
      this.#pages = new Map();
      this.#top = 0;
      this.#load(0);
    }
    return html`<div class="row">
        ${tokenizerChoice(this.#explorer, 'browsed', t('Tokenizer'), browsed, (tokenizer) =>
          this.#explorer.change({ browsed: tokenizer }),
        )}
        <div class="field grows">
          <vscode-text-field
            id="query"
            placeholder=${t('Part of a token, or an id')}
            .value=${query}
            @input=${(event: Event) => this.#explorer.change({ query: inputValue(event) })}
            >${t('Search')}</vscode-text-field
          >
        </div>
      </div>
      ${problemLine(this.#problem)}
      <p class="summary" aria-live="polite">
        ${
          query === ''
            ? t('{0} tokens', numberText(this.#size))
            : t('{0} of {1} tokens', numberText(this.#matches), numberText(this.#size))
        }
      </p>
      ${this.#table()}`;
  }

  #table(): TemplateResult {
    const first = Math.max(0, Math.floor(this.#top / ROW) - MARGIN);
    const last = Math.min(this.#matches, Math.ceil((this.#top + this.#height) / ROW) + MARGIN);
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) this.#load(page);
    const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
    return html`<div
      class="vocabulary"
      role="table"
      tabindex="0"
      aria-label=${t('Vocabulary')}
      aria-rowcount=${this.#matches + 1}
      @scroll=${(event: Event) => this.#scroll(event)}
    >
      <div class="entry head" role="row" aria-rowindex="1">
        <span role="columnheader">${t('Id')}</span><span role="columnheader">${t('Token')}</span
        ><span role="columnheader">${t('Bytes')}</span
        ><span role="columnheader">${t('Made of')}</span>
      </div>
      <div role="rowgroup" class="rows" ${styled({ height: `${this.#matches * ROW}px` })}>
        ${rows.map((row) => this.#row(row))}
      </div>
    </div>`;
  }

  #row(row: number): TemplateResult {
    const entry = this.#pages.get(Math.floor(row / PAGE))?.[row % PAGE];
    const place = styled({ top: `${row * ROW}px` });
    if (!entry) return html`<div class="entry" role="row" ${place} aria-rowindex=${row + 2}></div>`;
    const { id, text, bytes, special, merge } = entry;
    const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
    return html`<div class="entry" role="row" ${place} aria-rowindex=${row + 2}>
      <span role="cell" class="number">${id}</span>
      <span role="cell" class="mono"
        ><span class="token ${row % 2 === 1 ? 'second' : ''}">${visibleText(text)}</span></span
      >
      <span role="cell" class="mono quiet" title=${hex}>${hex}</span>
      <span role="cell" class="mono quiet"
        >${
          special
            ? t('special')
            : merge
              ? `${visibleText(merge.left)} + ${visibleText(merge.right)}`
              : nothing
        }</span
      >
    </div>`;
  }

  #scroll({ currentTarget }: Event): void {
    if (!(currentTarget instanceof HTMLElement)) return;
    this.#top = currentTarget.scrollTop;
    this.#height = currentTarget.clientHeight;
    this.#explorer.update();
  }

  #load(page: number): void {
    if (this.#pages.has(page)) return;
    this.#pages.set(page, []);
    const { browsed: tokenizer, query } = this.#explorer.kept;
    const { signal } = this.#asking;
    this.#request({ tokenizer, query, skip: page * PAGE, limit: PAGE }, signal).then(
      ({ size, matches, entries }) => {
        if (signal.aborted) return;
        this.#size = size;
        this.#matches = matches;
        this.#problem = undefined;
        this.#pages.set(page, entries);
        this.#explorer.update();
      },
      (thrown: unknown) => {
        if (signal.aborted || hasCode(thrown, 'cancelled')) return;
        this.#problem = messageOf(thrown);
        this.#explorer.update();
      },
    );
  }
}
