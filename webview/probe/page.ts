/**
 * The probe's tab: holds what the host tells, what the probe found and what a person looks at; draws all
 * of it anew at each change.
 */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type {
  KnowledgeSummary,
  OpenProbeEvent,
  ProbeAnswer,
} from '../../src/protocol/knowledgeMessages';
import type { ProbeAction, ShownProbe } from '../../src/protocol/probeSurface';
import { keepState, keptState } from '../shared/host';
import { t } from '../shared/l10n';
import { drawing, problemOf, problemText } from '../shared/tab';
import { binsOf, confidenceOf } from './confidence';
import { headerOf } from './header';
import { outcomeOf } from './outcome';
import { questionsOf } from './questions';
import { toldOf } from './told';
import { NOTHING, viewSchema } from './view';
import type { Filter, View } from './view';

/** What the page asks of the host. */
export interface Host {
  act(action: ProbeAction): Promise<unknown>;
  read(before: string | undefined, signal: AbortSignal): AsyncIterable<OpenProbeEvent>;
}

/** What the probe comes to, and the earlier one that it is compared with. */
export interface Found {
  readonly summary: KnowledgeSummary;
  readonly before?: KnowledgeSummary | undefined;
}

export interface Actions {
  readonly act: (action: ProbeAction) => void;
  /** With the probe in this folder, or `NOTHING`. */
  readonly compare: (folder: string) => void;
  readonly filter: (filter: Filter) => void;
  readonly search: (query: string) => void;
  readonly more: () => void;
}

/** Rows of questions that are drawn at first, and at each "Show more". */
const ROWS = 200;

export class Page {
  readonly #host: Host;
  readonly #draw: () => void;
  #probe: ShownProbe | undefined;
  #view: View | undefined = keptState(viewSchema);
  #found: Found | undefined;
  #answers: readonly ProbeAnswer[] = [];
  #whole = false;
  #rows = ROWS;
  #problem: string | undefined;
  #reading: AbortController | undefined;
  /** What was read: another probe, or another comparison, is read anew. */
  #read = '';

  constructor(root: HTMLElement, host: Host) {
    this.#host = host;
    this.#draw = drawing(root, () => this.#template());
  }

  /** Takes what the host tells; what ends it is told in the page. */
  async watch(probes: AsyncIterable<ShownProbe>): Promise<void> {
    try {
      for await (const probe of probes) {
        this.#probe = probe;
        const { folder } = probe;
        if (this.#view?.folder !== folder) this.#view = { folder, filter: 'all', query: '' };
        keepState(this.#view);
        void this.#readAnew();
        this.#draw();
      }
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** The folder of the probe that it is compared with. */
  #before(): string {
    const [probe, chosen] = [this.#probe, this.#view?.before];
    const isThere = (folder: string): boolean =>
      probe?.others.some((other) => other.folder === folder) ?? false;
    if (chosen !== undefined && (chosen === NOTHING || isThere(chosen))) return chosen;
    return probe?.before ?? NOTHING;
  }

  async #readAnew(): Promise<void> {
    const probe = this.#probe;
    const before = this.#before();
    const wanted = JSON.stringify([probe?.folder, probe?.made, before]);
    if (!probe || probe.problem !== undefined || wanted === this.#read) return;
    this.#read = wanted;
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    this.#problem = undefined;
    try {
      await this.#readWith(before, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      // What could not be read may be there the next time.
      this.#read = '';
      if (before === NOTHING) this.#refuse(thrown);
      else await this.#readAlone(before, thrown, signal);
    }
  }

  async #readWith(before: string, signal: AbortSignal): Promise<void> {
    let answers: readonly ProbeAnswer[] = [];
    for await (const event of this.#host.read(before === NOTHING ? undefined : before, signal)) {
      if (signal.aborted) return;
      if (event.kind === 'start') {
        this.#found = event;
        this.#whole = false;
      } else answers = [...answers, ...event.answers];
      this.#answers = answers;
      this.#draw();
    }
    if (!signal.aborted) this.#whole = true;
    this.#draw();
  }

  /** Where it was the other one that can't be read, this one is shown all the same. */
  async #readAlone(before: string, failure: unknown, signal: AbortSignal): Promise<void> {
    try {
      await this.#readWith(NOTHING, signal);
      if (signal.aborted) return;
      const name = this.#probe?.others.find(({ folder }) => folder === before)?.name ?? before;
      this.#problem = t('"{0}" can\'t be read: {1}', name, problemText(failure) ?? '');
      this.#draw();
    } catch (thrown) {
      if (!signal.aborted) this.#refuse(thrown);
    }
  }

  // --- What a person does -------------------------------------------------------------------

  readonly #actions: Actions = {
    act: (action) => {
      this.#problem = undefined;
      this.#host.act(action).catch((thrown: unknown) => this.#refuse(thrown));
    },
    compare: (before) => {
      this.#change({ before });
      void this.#readAnew();
    },
    filter: (filter) => this.#change({ filter }),
    search: (query) => this.#change({ query }),
    more: () => {
      this.#rows += ROWS;
      this.#draw();
    },
  };

  #change(change: Partial<View>): void {
    if (!this.#view) return;
    this.#view = { ...this.#view, ...change };
    this.#rows = ROWS;
    keepState(this.#view);
    this.#draw();
  }

  #refuse(thrown: unknown): void {
    this.#problem = problemText(thrown) ?? this.#problem;
    this.#draw();
  }

  // --- What is drawn ------------------------------------------------------------------------

  #template(): TemplateResult | typeof nothing {
    const [probe, view, found] = [this.#probe, this.#view, this.#found];
    const problem = this.#problem ?? probe?.problem;
    if (!probe || !view) return problem === undefined ? nothing : problemOf(problem);
    return html`${headerOf(probe, found, this.#before(), this.#actions)}
    ${problem === undefined ? nothing : problemOf(problem)}
    ${found ? this.#foundTemplate(found, view) : nothing}`;
  }

  #foundTemplate(found: Found, view: View): TemplateResult {
    const listing = {
      ...{ answers: this.#answers, whole: this.#whole, rows: this.#rows },
      compared: found.before !== undefined,
    };
    return html`<div class="overview">${outcomeOf(found)} ${confidenceOf(found)}</div>
      <details class="figures">
        <summary>
          <h2>${t('All figures')}</h2>
        </summary>
        <div class="scroll">${toldOf(found)} ${binsOf(found)}</div>
      </details>
      ${questionsOf(listing, view, this.#actions)}`;
  }
}
