/**
 * A text as two tokenizers cut it, side by side: tokens with their ids, boundaries that both have, and
 * what the token in question is made of.
 */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { classMap } from 'lit-html/directives/class-map.js';
import type { TokenExplanation } from '../../src/protocol/documentMessages';
import type { Ask } from '../../src/protocol/descriptors';
import { joinTokenTexts, visibleText } from '../../src/protocol/tokenText';
import type { CutToken, tokenizerSurface } from '../../src/protocol/tokenizerSurface';
import { t } from '../shared/l10n';
import type { Explorer } from './explorerState';
import { Latest } from './latest';
import { numberText, problemLine, textField, tokenText, tokenizerChoice } from './parts';

const SIDES = ['left', 'right'] as const;
type Side = (typeof SIDES)[number];

interface Shown {
  readonly text: string;
  readonly tokenizer: string;
  readonly tokens: readonly CutToken[];
}

export interface CutRequests {
  readonly cut: Ask<typeof tokenizerSurface.cut>;
  readonly explain: Ask<typeof tokenizerSurface.explain>;
}

export class CutTab {
  readonly #explorer: Explorer;
  readonly #requests: CutRequests;
  readonly #cuts: Readonly<Record<Side, Latest<Shown>>>;
  readonly #explained: Latest<TokenExplanation>;
  readonly #asked: Partial<Record<Side, string>> = {};
  #explaining: { readonly side: Side; readonly index: number } | undefined;
  /** The token of each side that the Tab key reaches. */
  readonly #reached: Record<Side, number> = { left: 0, right: 0 };

  constructor(explorer: Explorer, requests: CutRequests) {
    this.#explorer = explorer;
    this.#requests = requests;
    const update = (): void => explorer.update();
    this.#cuts = { left: new Latest(update), right: new Latest(update) };
    this.#explained = new Latest(update);
  }

  render(): TemplateResult {
    this.#ask();
    return html`<div class="cut">
        ${textField(this.#explorer, 'cut-text')} ${SIDES.map((side) => this.#column(side))}
      </div>
      <p class="quiet">
        ${t('A line behind a token: both tokenizers cut there. Arrow keys go from token to token.')}
      </p>
      <section class="details" aria-live="polite" aria-label=${t('Token')}>
        ${this.#details()}
      </section>`;
  }

  #ask(): void {
    const { kept } = this.#explorer;
    for (const side of SIDES) {
      const tokenizer = kept[side];
      const key = JSON.stringify([tokenizer, kept.text]);
      if (this.#asked[side] === key) continue;
      this.#asked[side] = key;
      this.#explaining = undefined;
      this.#explained.forget();
      const { text } = kept;
      this.#cuts[side].ask(async (signal) => {
        const tokens = await this.#requests.cut({ tokenizer, text }, signal);
        return { text, tokenizer, tokens };
      });
    }
  }

  #column(side: Side): TemplateResult {
    const { kept } = this.#explorer;
    const other = this.#cuts[side === 'left' ? 'right' : 'left'].answer;
    const { answer, problem } = this.#cuts[side];
    const label = side === 'left' ? t('Tokenizer') : t('Compared with');
    return html`<div class="column">
      ${tokenizerChoice(this.#explorer, `cut-${side}`, label, kept[side], (tokenizer) =>
        this.#explorer.change({ [side]: tokenizer }),
      )}
      ${problemLine(problem)} ${answer ? this.#tokens(side, answer, other) : nothing}
    </div>`;
  }

  #tokens(side: Side, { text, tokens }: Shown, other: Shown | undefined): TemplateResult {
    const ends = new Set(other?.text === text ? other.tokens.map(({ end }) => end) : []);
    const characters = Array.from(text).length;
    const ratio = tokens.length === 0 ? '' : (characters / tokens.length).toFixed(2);
    const reached = Math.min(this.#reached[side], tokens.length - 1);
    let last = 0;
    return html`<p class="summary">
        <strong>${t('{0} tokens', numberText(tokens.length))}</strong>
        ${ratio === '' ? nothing : html`<span class="quiet">${t('{0} characters per token', ratio)}</span>`}
      </p>
      <div
        class="tokens mono"
        role="listbox"
        aria-label=${t('Tokens of {0}', this.#explorer.kept[side])}
        @keydown=${(event: KeyboardEvent) => this.#move(event, side, tokens.length)}
      >
        ${tokens.map(({ id, start, end }, index) => {
          const shown = text.slice(Math.max(start, last), end);
          last = Math.max(last, end);
          const chosen = this.#explaining?.side === side && this.#explaining.index === index;
          const classes = {
            token: true,
            second: index % 2 === 1,
            shared: ends.has(end),
            chosen,
          };
          return html`<span
              class=${classMap(classes)}
              role="option"
              tabindex=${index === reached ? 0 : -1}
              aria-selected=${chosen}
              aria-label=${t('{0}, id {1}', visibleText(shown), id)}
              @focus=${() => this.#explain(side, index)}
              @mouseenter=${() => this.#explain(side, index)}
              >${tokenText(shown)}<span class="token-id">${id}</span></span
            >${shown.endsWith('\n') ? html`<br />` : nothing}`;
        })}
      </div>`;
  }

  #move(event: KeyboardEvent, side: Side, count: number): void {
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 },
      ...{ Home: -count, End: count },
    };
    const step = steps[event.key];
    if (step === undefined || !(event.currentTarget instanceof Element)) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(count - 1, this.#reached[side] + step));
    this.#reached[side] = next;
    const token = event.currentTarget.querySelectorAll('.token')[next];
    if (token instanceof HTMLElement) token.focus();
  }

  #explain(side: Side, index: number): void {
    if (this.#explaining?.side === side && this.#explaining.index === index) return;
    const shown = this.#cuts[side].answer;
    const token = shown?.tokens[index];
    if (!shown || !token) return;
    this.#explaining = { side, index };
    this.#reached[side] = index;
    const { text, tokenizer } = shown;
    // The second part of a character that tokens share is found at its last code unit at best.
    const position = Math.min(token.start, Math.max(0, text.length - 1));
    this.#explained.ask((signal) => this.#requests.explain({ tokenizer, text, position }, signal));
    this.#explorer.update();
  }

  #details(): TemplateResult {
    const { answer, problem } = this.#explained;
    if (problem !== undefined) return html`${problemLine(problem)}`;
    if (!this.#explaining || !answer)
      return html`<p class="quiet">
        ${t('Point at a token, or go to one with the keyboard, to see what it is made of.')}
      </p>`;
    const { id, text, bytes, rank, special, merges, occurrences } = answer;
    const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
    const made = special ? t('a special token') : t('a single byte or character, not merged');
    return html`<dl>
        <dt>${t('Token')}</dt>
        <dd class="mono">${visibleText(text)}</dd>
        <dt>${t('Id')}</dt>
        <dd>${id}</dd>
        <dt>${t('Bytes')}</dt>
        <dd class="mono">${hex}</dd>
        <dt>${t('Rank')}</dt>
        <dd>${rank === undefined ? made : numberText(rank)}</dd>
        ${
          occurrences === undefined
            ? nothing
            : html`<dt>${t('In this text')}</dt>
                <dd>${numberText(occurrences)}</dd>`
        }
      </dl>
      ${
        merges.length === 0
          ? nothing
          : html`<ol class="merges mono" aria-label=${t('How it was built')}>
              ${merges.map(
                ({ left, right, rank: step }) =>
                  html`<li>
                    ${visibleText(left)} + ${visibleText(right)} →
                    <strong>${visibleText(joinTokenTexts(left, right))}</strong>
                    <span class="quiet">${numberText(step)}</span>
                  </li>`,
              )}
            </ol>`
      }`;
  }
}
