/** What the corpus is, and what can be done with it. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { ShownCorpus } from '../../src/protocol/corpusSurface';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count, share, short } from '../shared/numbers';
import { factsOf } from '../shared/tab';
import type { Fact } from '../shared/tab';
import type { Actions, Sample } from './page';

export function headerOf(
  { name, statistics }: ShownCorpus,
  sample: Sample | undefined,
  { act }: Actions,
): TemplateResult {
  const kept = statistics?.documentsKept ?? 0;
  return html`<header class="title">
      <h1>${name}</h1>
      ${
        statistics
          ? html`<div class="row buttons">
              ${
                kept > 0
                  ? html`<vscode-button appearance="primary" @click=${() => act('train')}
                      >${icon('play')} ${t('Train on This Corpus...')}</vscode-button
                    >`
                  : nothing
              }
              ${
                statistics.documentsIn > 0
                  ? html`<vscode-button appearance="secondary" @click=${() => act('documents')}
                      >${icon('go-to-file')} ${t('Open Document...')}</vscode-button
                    >`
                  : nothing
              }
            </div>`
          : nothing
      }
    </header>
    ${statistics ? factsOf(factsAbout(statistics, sample)) : nothing}`;
}

function factsAbout(
  statistics: NonNullable<ShownCorpus['statistics']>,
  sample: Sample | undefined,
): readonly Fact[] {
  const { documentsIn, documentsKept, tokens, bytes } = statistics;
  return [
    [t('Documents kept'), `${count(documentsKept)} / ${count(documentsIn)}`],
    [t('Share'), share(documentsKept, documentsIn)],
    [t('Tokens'), short(tokens)],
    [t('Text'), t('{0} bytes', short(bytes))],
    ...(sample ? ([[t('Sample'), sampleText(sample)]] as const) : []),
  ];
}

const sampleText = ({ size, total }: Sample): string =>
  size === total ? t('all documents') : t('{0} documents', count(size));
