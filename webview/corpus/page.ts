/**
 * The corpus's tab: holds what the host tells, what a person has changed and how the sample is judged
 * under it; draws all of it anew at each change.
 */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { SampleCorpusEvent, SampledDocument } from '../../src/protocol/corpusMessages';
import type { CorpusAction, ShownCorpus } from '../../src/protocol/corpusSurface';
import { documentName } from '../../src/protocol/documentName';
import { settingsOf, type Settings } from '../../src/recipe/judging';
import { keepState, keptState } from '../shared/host';
import { t } from '../shared/l10n';
import { drawing, problemOf, problemText } from '../shared/tab';
import { count } from '../shared/numbers';
import { changesOf } from './changes';
import { funnelOf, reasonsOf } from './funnel';
import { headerOf } from './header';
import { histogramsOf } from './histograms';
import { difference, judgeAll, type Judged, type Moved } from './judged';
import { measuresOf, type Measure } from './measures';
import { viewSchema, type View } from './view';

/** What the page asks of the host. */
export interface Host {
  act(action: CorpusAction): Promise<unknown>;
  openDocument(document: { shard: string; line: number; name: string }): Promise<unknown>;
  saveRecipe(settings: Settings): Promise<unknown>;
  sample(signal: AbortSignal): AsyncIterable<SampleCorpusEvent>;
}

/** The sample, as far as it is measured. */
export interface Sample {
  readonly documents: readonly SampledDocument[];
  /** In the corpus, and to be in the sample. */
  readonly total: number;
  readonly size: number;
  /** By the recipe of the corpus. */
  readonly settings: Settings;
}

/** What follows from a sample that is whole. */
export interface Study extends Sample {
  readonly measures: readonly Measure[];
  readonly before: Judged;
  /** Documents of the corpus that one of the sample stands for. */
  readonly factor: number;
}

/** A study under the settings as they are now. */
export interface Outcome {
  readonly settings: Settings;
  /** Those that differ from the recipe's. */
  readonly changed: Settings;
  readonly after: Judged;
  readonly letIn: readonly Moved[];
  readonly thrownOut: readonly Moved[];
}

export interface Actions {
  readonly set: (key: string, value: number | boolean) => void;
  /** Of all thresholds and switches where none is named. */
  readonly reset: (key?: string) => void;
  readonly open: (document: SampledDocument) => void;
  readonly save: () => void;
  readonly act: (action: CorpusAction) => void;
  readonly fold: (stage: string, folded: boolean) => void;
}

export class Page {
  readonly #host: Host;
  #corpus: ShownCorpus | undefined;
  #sample: Sample | undefined;
  #study: Study | undefined;
  #outcome: Outcome | undefined;
  #view: View | undefined = keptState(viewSchema);
  #problem: string | undefined;
  #measuring: AbortController | undefined;
  readonly #draw: () => void;

  constructor(root: HTMLElement, host: Host) {
    this.#draw = drawing(root, () => this.#template());
    this.#host = host;
  }

  /** Takes what the host tells; what ends it is told in the page. */
  async watch(corpora: AsyncIterable<ShownCorpus>): Promise<void> {
    try {
      for await (const corpus of corpora) {
        this.#corpus = corpus;
        const { folder } = corpus;
        if (this.#view?.folder !== folder) this.#view = { folder, changed: {}, folded: [] };
        keepState(this.#view);
        if (corpus.statistics) void this.#measure();
        this.#draw();
      }
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  async #measure(): Promise<void> {
    this.#measuring?.abort();
    const { signal } = (this.#measuring = new AbortController());
    this.#sample = this.#study = this.#outcome = this.#problem = undefined;
    let sample: Sample | undefined;
    try {
      for await (const event of this.#host.sample(signal)) {
        if (signal.aborted) return;
        if (event.kind === 'start') {
          const settings = settingsOf(event.recipe);
          const { documents: total, sampled: size } = event;
          sample = { documents: [], total, size, settings };
        } else if (sample) {
          sample = { ...sample, documents: [...sample.documents, ...event.documents] };
        }
        this.#sample = sample;
        this.#draw();
      }
      if (signal.aborted || !sample) return;
      const { documents, settings, total } = sample;
      this.#study = {
        ...sample,
        measures: measuresOf(documents, settings),
        before: judgeAll(documents, settings),
        factor: documents.length === 0 ? 1 : total / documents.length,
      };
      this.#judge();
    } catch (thrown) {
      if (!signal.aborted) this.#refuse(thrown);
    }
  }

  // --- What a person does -------------------------------------------------------------------

  readonly #actions: Actions = {
    set: (key, value) => {
      const changed = { ...this.#view?.changed, [key]: value };
      if (this.#study?.settings[key] === value) Reflect.deleteProperty(changed, key);
      this.#change({ changed });
    },
    reset: (key) => {
      const changed = { ...this.#view?.changed };
      if (key !== undefined) Reflect.deleteProperty(changed, key);
      this.#change({ changed: key === undefined ? {} : changed });
    },
    open: (document) => {
      const { shard, line } = document;
      const name = documentName(document);
      void this.#ask(this.#host.openDocument({ shard, line, name }));
    },
    save: () => void this.#ask(this.#host.saveRecipe(this.#outcome?.changed ?? {})),
    act: (action) => void this.#ask(this.#host.act(action)),
    fold: (stage, folded) => {
      const others = (this.#view?.folded ?? []).filter((each) => each !== stage);
      this.#change({ folded: folded ? [...others, stage] : others });
    },
  };

  #change(change: Partial<View>): void {
    if (!this.#view) return;
    this.#view = { ...this.#view, ...change };
    keepState(this.#view);
    this.#judge();
  }

  #judge(): void {
    const study = this.#study;
    const known = Object.entries(this.#view?.changed ?? {}).filter(
      ([key, value]) => typeof study?.settings[key] === typeof value,
    );
    if (study) {
      const changed = Object.fromEntries(known);
      const settings = { ...study.settings, ...changed };
      const after = judgeAll(study.documents, settings);
      const moved = difference(study.documents, study.before, after);
      this.#outcome = { settings, changed, after, ...moved };
    }
    this.#draw();
  }

  async #ask(asking: Promise<unknown>): Promise<void> {
    this.#problem = undefined;
    try {
      await asking;
    } catch (thrown) {
      this.#refuse(thrown);
    }
    this.#draw();
  }

  #refuse(thrown: unknown): void {
    this.#problem = problemText(thrown) ?? this.#problem;
    this.#draw();
  }

  // --- What is drawn ------------------------------------------------------------------------

  #template(): TemplateResult | typeof nothing {
    const corpus = this.#corpus;
    const problem = this.#problem ?? corpus?.problem;
    if (!corpus) return problem === undefined ? nothing : problemOf(problem);
    const { statistics } = corpus;
    const [study, outcome, actions] = [this.#study, this.#outcome, this.#actions];
    const changed = study && outcome ? { study, outcome } : undefined;
    return html`${headerOf(corpus, this.#sample, actions)}
    ${problem === undefined ? nothing : problemOf(problem)}
    ${
      statistics
        ? html`<div class="columns">
            <div class="main">
              <div class="overview">
                ${funnelOf(statistics, changed, actions)} ${reasonsOf(statistics, changed)}
              </div>
              ${changed ? histogramsOf(changed, this.#view?.folded ?? [], actions) : this.#waiting()}
            </div>
            <aside>${changed ? changesOf(statistics, changed, actions) : nothing}</aside>
          </div>`
        : nothing
    }`;
  }

  #waiting(): TemplateResult | typeof nothing {
    const sample = this.#sample;
    if (this.#problem !== undefined || sample?.size === 0) return nothing;
    return html`<section class="waiting" role="status">
      <h2>${t('Measuring documents')}</h2>
      <p class="quiet">
        ${
          sample
            ? t('{0} of {1}', count(sample.documents.length), count(sample.size))
            : t('The engine chooses a sample and lets every stage measure it.')
        }
      </p>
      ${
        sample
          ? html`<progress
              aria-label=${t('Documents measured')}
              max=${sample.size}
              .value=${sample.documents.length}
            ></progress>`
          : html`<progress aria-label=${t('Documents measured')}></progress>`
      }
    </section>`;
  }
}

/** What both halves of the page are drawn from. */
export interface Changed {
  readonly study: Study;
  readonly outcome: Outcome;
}
