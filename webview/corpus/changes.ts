/** What the changed thresholds do: survivors, tokens, and documents that they let in or throw out. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { CorpusStatistics } from '../../src/protocol/corpusMessages';
import { documentName } from '../../src/protocol/documentName';
import { SWITCHED_STAGES, switchKey } from '../../src/recipe/judging';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count, share, short, signed } from '../shared/numbers';
import { estimated, type Moved } from './judged';
import type { Actions, Changed } from './page';
import { reasonText, settingText } from './words';

const EXAMPLES = 8;

export function changesOf(
  statistics: CorpusStatistics,
  changed: Changed,
  actions: Actions,
): TemplateResult {
  const { study, outcome } = changed;
  const keys = Object.keys(outcome.changed);
  if (keys.length === 0)
    return html`<section class="changes">
      <h2>${t('Your thresholds')}</h2>
      <p class="quiet">
        ${t('As in the recipe. Move a line in a histogram, or switch a stage off, and see here who survives then.')}
      </p>
      <p class="visually-hidden" aria-live="polite"></p>
    </section>`;
  const { before, factor } = study;
  const { after } = outcome;
  const documents = estimated(
    ...([statistics.documentsKept, before.kept.documents, after.kept.documents, factor] as const),
  );
  const tokens = estimated(
    ...([statistics.tokens, before.kept.tokens, after.kept.tokens, factor] as const),
  );
  const [moreDocuments, moreTokens] = [
    documents - statistics.documentsKept,
    tokens - statistics.tokens,
  ];
  const exact = factor === 1;
  const about = (text: string): string => (exact ? text : t('about {0}', text));
  return html`<section class="changes">
      <h2>${t('Your thresholds')}</h2>
      <dl class="facts">
        <div>
          <dt>${t('Documents kept')}</dt>
          <dd>${about(count(documents))}</dd>
          <dd class="change">
            ${signed(moreDocuments)}
            (${signed(moreDocuments, (n) => share(n, statistics.documentsKept))})
          </dd>
        </div>
        <div>
          <dt>${t('Tokens')}</dt>
          <dd>${about(short(tokens))}</dd>
          <dd class="change">
            ${signed(moreTokens, short)} (${signed(moreTokens, (n) => share(n, statistics.tokens))})
          </dd>
        </div>
      </dl>
      <p class="visually-hidden" aria-live="polite">
        ${t('{0} documents kept, {1} tokens', about(count(documents)), short(tokens))}
      </p>
      <ul class="changed-rules">
        ${keys.map(
          (key) =>
            html`<li>
              <span class="mono">${key}</span>
              <span
                >${settingText(study.settings[key])} ${icon('arrow-small-right')}
                <strong>${settingText(outcome.settings[key])}</strong></span
              >
              <vscode-button
                appearance="icon"
                aria-label=${t('Reset {0}', key)}
                title=${t('Reset')}
                @click=${() => actions.reset(key)}
                >${icon('discard')}</vscode-button
              >
            </li>`,
        )}
      </ul>
      <div class="row buttons">
        <vscode-button appearance="primary" @click=${() => actions.save()}
          >${icon('save')} ${t('Save as Recipe...')}</vscode-button
        >
        <vscode-button appearance="secondary" @click=${() => actions.reset()}
          >${icon('discard')} ${t('Reset All')}</vscode-button
        >
      </div>
      ${notesOf(changed)}
    </section>
    ${examplesOf(t('Let in'), 'add', outcome.letIn, actions)}
    ${examplesOf(t('Thrown out'), 'remove', outcome.thrownOut, actions)}`;
}

/** How far the figures can be believed. */
function notesOf({ study, outcome }: Changed): TemplateResult {
  const unknown = outcome.after.unknown - study.before.unknown;
  const isSwitched = SWITCHED_STAGES.some(
    (stage) => outcome.changed[switchKey(stage)] !== undefined,
  );
  const stored = isSwitched ? study.documents.filter(({ asStored }) => asStored).length : 0;
  return html`<p class="quiet notes">
    ${
      study.factor === 1
        ? nothing
        : t(
            'Told from {0} of {1} documents, chosen at random.',
            count(study.documents.length),
            count(study.total),
          )
    }
    ${t('Which documents are copies is not looked into anew: making the corpus does.')}
    ${
      stored > 0
        ? t(
            '{0} documents of the sample are judged by their text as it is stored: their sources can not be read again quickly.',
            count(stored),
          )
        : nothing
    }
    ${
      unknown > 0
        ? t(
            '{0} documents of the sample would come further than anything was measured; they count as dropped.',
            count(unknown),
          )
        : nothing
    }
  </p>`;
}

function examplesOf(
  title: string,
  sign: string,
  moved: readonly Moved[],
  { open }: Actions,
): TemplateResult | typeof nothing {
  if (moved.length === 0) return nothing;
  const more = moved.length - EXAMPLES;
  return html`<section class="examples ${sign}">
    <h2>${icon(sign)} ${title} <span class="quiet">${count(moved.length)}</span></h2>
    <ul>
      ${moved.slice(0, EXAMPLES).map(
        ({ document, verdict }) =>
          html`<li>
            <button @click=${() => open(document)}>
              <strong>${documentName(document)}</strong>
              <span class="quiet">${reasonText(verdict)}</span>
              <span class="start">${document.start}</span>
            </button>
          </li>`,
      )}
    </ul>
    ${more > 0 ? html`<p class="quiet">${t('and {0} more', count(more))}</p>` : nothing}
  </section>`;
}
