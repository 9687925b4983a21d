/**
 * A call of a tool in an answer: which tool, what it was asked and gave, how long it took; unfolded,
 * the tokens of the call. One that nobody has allowed yet asks for it.
 */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { classMap } from 'lit-html/directives/class-map.js';
import { consentQuestion, toolName } from '../shared/consent';
import { icon } from '../shared/controls';
import { never } from '../shared/host';
import { t } from '../shared/l10n';
import type { Page } from './page';
import type { Segment } from './turns';

/** Of what stands beside the tool's name, in characters. */
const LONGEST_PREVIEW = 200;

const icons = new Map([
  ['calculator', 'symbol-operator'],
  ['search', 'search'],
  ['javascript', 'code'],
]);

/** @param tokens the call as the model wrote it; none where it was read from a file. */
export function callBlock(
  page: Page,
  segment: Segment,
  tokens: readonly unknown[],
): TemplateResult {
  const { call, caller, result, waits } = segment;
  const runs = page.state?.activity === 'calling' && call !== undefined && !result;
  // Once it was allowed, nobody is asked while it runs.
  const asks = waits && page.state?.activity === 'idle';
  const input = call?.input ?? '';
  const name = call ? toolName(call.tool) : result ? t('Tool') : t('Unfinished call');
  return html`<details class="call" ?open=${waits}>
      <summary>
        ${icon(runs ? 'loading codicon-modifier-spin' : (icons.get(call?.tool ?? '') ?? 'tools'))}
        <span class="tool">${name}</span>
        <code class="preview">${preview(input)}</code>
        ${result ? html`<code class="preview given">${preview(result.text)}</code>` : nothing}
        <span class="state ${classMap({ problem: isBad(segment) })}"
          >${stateText(segment, runs)}</span
        >
      </summary>
      ${
        tokens.length > 0
          ? html`<h4>${t('As the model wrote it')}</h4>
              <div class="written">${tokens}</div>`
          : nothing
      }
      ${
        call
          ? html`<h4>${t('Input')}</h4>
              <pre>${input}</pre>`
          : nothing
      }
      ${
        result
          ? html`<h4>${t('Output')}</h4>
              <pre>${result.text}</pre>`
          : nothing
      }
    </details>
    ${asks && call && caller !== undefined ? question(page, caller, call.tool) : nothing}`;
}

const preview = (text: string): string =>
  text.trim().replace(/\s+/g, ' ').slice(0, LONGEST_PREVIEW);

const isBad = ({ result }: Segment): boolean =>
  result?.result !== undefined && result.result.outcome !== 'answered';

function stateText({ call, result, waits }: Segment, runs: boolean): string {
  if (runs) return t('running...');
  if (waits) return t('waits for you');
  if (!result) return call ? t('not run') : '';
  if (!result.result) return '';
  const { outcome, milliseconds } = result.result;
  const took = milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  if (outcome === 'answered') return took;
  if (outcome === 'failed') return t('failed after {0}', took);
  return outcome === 'late' ? t('given up after {0}', took) : t('not run');
}

function question(page: Page, passage: number, tool: string): TemplateResult {
  return consentQuestion([tool], t('In This Conversation'), (answer) =>
    page.do((ask) => ask.consent({ passage, answer }, never)),
  );
}
