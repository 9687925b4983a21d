/** BPE's training on the text, step by step: the commonest pairs, the one that is merged, the text then. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { classMap } from 'lit-html/directives/class-map.js';
import type { Ask } from '../../src/protocol/descriptors';
import type { MergeStep, MergeSteps } from '../../src/protocol/documentMessages';
import { visibleText } from '../../src/protocol/tokenText';
import type { tokenizerSurface } from '../../src/protocol/tokenizerSurface';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import { PATTERNS } from './explorerState';
import type { Explorer } from './explorerState';
import { Latest } from './latest';
import { MergeReplay } from './mergeReplay';
import { dropdown, inputValue, numberText, problemLine, textField } from './parts';

/** Merges learnt at most: a short text has no more worth looking at. */
const MOST_MERGES = 200;
const PAIRS_SHOWN = 12;
/** Between two steps while it plays. */
const MILLISECONDS = 700;
const CUSTOM = 'custom';

interface Learnt extends MergeSteps {
  readonly replay: MergeReplay;
}

export class MergesTab {
  readonly #explorer: Explorer;
  readonly #learn: Ask<typeof tokenizerSurface.learnMerges>;
  readonly #learnt: Latest<Learnt>;
  #asked: string | undefined;
  #playing: ReturnType<typeof setInterval> | undefined;

  constructor(explorer: Explorer, learn: Ask<typeof tokenizerSurface.learnMerges>) {
    this.#explorer = explorer;
    this.#learn = learn;
    this.#learnt = new Latest(() => explorer.update());
  }

  render(): TemplateResult {
    this.#ask();
    const { answer, problem } = this.#learnt;
    return html`<div class="learning">
      <div class="column">${this.#pattern()} ${textField(this.#explorer, 'merges-text')}</div>
      <div class="column">${problemLine(problem)} ${answer ? this.#steps(answer) : nothing}</div>
    </div>`;
  }

  /** Nobody sees it any more. */
  leave(): void {
    clearInterval(this.#playing);
    this.#playing = undefined;
  }

  #ask(): void {
    const { text, pattern } = this.#explorer.kept;
    const key = JSON.stringify([text, pattern]);
    if (this.#asked === key) return;
    this.#asked = key;
    if (text === '' || pattern === '') {
      this.#learnt.forget();
      return;
    }
    this.#learnt.ask(async (signal) => {
      const learnt = await this.#learn({ text, pattern, merges: MOST_MERGES }, signal);
      return { ...learnt, replay: new MergeReplay(learnt.pieces, learnt.steps) };
    });
  }

  #pattern(): TemplateResult {
    const { pattern } = this.#explorer.kept;
    const known = PATTERNS.some((each) => each === pattern);
    const change = (to: string): void => this.#explorer.change({ pattern: to, merges: 0 });
    const choices = [
      ...PATTERNS.map((value) => ({ value, label: value })),
      { value: CUSTOM, label: t('A regular expression') },
    ];
    return html`${dropdown(
      'pattern',
      t('Split before merging by the pattern of'),
      choices,
      known ? pattern : CUSTOM,
      (value) => change(value === CUSTOM ? String.raw`\S+|\s+` : value),
    )}
    ${
      known
        ? nothing
        : html`<div class="field">
            <vscode-text-field
              id="expression"
              class="mono"
              .value=${pattern}
              @change=${(event: Event) => change(inputValue(event))}
              >${t('Regular expression')}</vscode-text-field
            >
          </div>`
    }`;
  }

  #steps({ steps, tokens, replay, pieces }: Learnt): TemplateResult {
    const made = Math.min(this.#explorer.kept.merges, steps.length);
    const before = made === 0 ? tokens : steps[made - 1]!.tokens;
    const next = steps[made];
    return html`${this.#controls(made, steps.length)}
      <p class="summary" aria-live="polite">
        <strong>${t('{0} of {1} merges', made, steps.length)}</strong>
        <span class="quiet"
          >${t('{0} tokens, at first {1} bytes', numberText(before), numberText(tokens))}</span
        >
      </p>
      ${next ? this.#pairs(next) : html`<p class="quiet">${t('No pair occurs twice any more, or enough was merged.')}</p>`}
      <h2>${t('The text now')}</h2>
      <div class="pieces mono" tabindex="0" role="region" aria-label=${t('The text now')}>
        ${replay.after(made).map(
          (piece, index) =>
            html`<span class="piece"
                >${piece.map(
                  ({ text, step }, position) =>
                    html`<span
                      class=${classMap({
                        token: true,
                        second: position % 2 === 1,
                        byte: step === undefined,
                        chosen: step !== undefined && step === made - 1,
                      })}
                      >${visibleText(text)}</span
                    >`,
                )}</span
              >${pieces[index]?.includes('\n') ? html`<br />` : nothing}`,
        )}
      </div>`;
  }

  #controls(made: number, count: number): TemplateResult {
    const go = (to: number): void =>
      this.#explorer.change({ merges: Math.max(0, Math.min(count, to)) });
    const button = (name: string, label: string, action: () => void): TemplateResult =>
      html`<vscode-button appearance="icon" aria-label=${label} title=${label} @click=${action}
        >${icon(name)}</vscode-button
      >`;
    return html`<div class="row player">
      ${button('debug-restart', t('Back to bytes'), () => go(0))}
      ${button('chevron-left', t('One merge back'), () => go(made - 1))}
      ${
        this.#playing
          ? button('debug-pause', t('Pause'), () => {
              this.leave();
              this.#explorer.update();
            })
          : button('play', t('Play'), () => this.#play(count))
      }
      ${button('chevron-right', t('One merge on'), () => go(made + 1))}
      <input
        type="range"
        min="0"
        max=${count}
        .value=${String(made)}
        aria-label=${t('Merges made')}
        @input=${(event: Event) => go(Number(inputValue(event)))}
      />
    </div>`;
  }

  #play(count: number): void {
    if (this.#explorer.kept.merges >= count) this.#explorer.change({ merges: 0 });
    this.#playing = setInterval(() => {
      const merges = this.#explorer.kept.merges + 1;
      if (merges >= count) this.leave();
      this.#explorer.change({ merges: Math.min(merges, count) });
    }, MILLISECONDS);
    this.#explorer.update();
  }

  #pairs({ pairs, token }: MergeStep): TemplateResult {
    const most = pairs[0]?.count ?? 1;
    return html`<table class="pairs">
      <caption>
        ${t('The commonest pairs; the first becomes token {0}', token.id)}
      </caption>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">${t('Pair')}</th>
          <th scope="col">${t('Occurrences')}</th>
        </tr>
      </thead>
      <tbody>
        ${pairs.slice(0, PAIRS_SHOWN).map(
          ({ left, right, count }, index) =>
            html`<tr class=${classMap({ chosen: index === 0 })}>
              <th scope="row" class="mono">${visibleText(left)} + ${visibleText(right)}</th>
              <td>
                <span class="bar" ${styled({ width: `${(count / most) * 100}%` })}></span>
                <span class="count">${numberText(count)}</span>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }
}
