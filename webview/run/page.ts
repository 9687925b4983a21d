/**
 * The dashboard as it stands: the runs that it knows, how they are looked at, and what is on the
 * screen of it. Whatever happens changes one of these and asks for a frame; a frame draws what changed.
 */
import { html, nothing, render } from 'lit-html';
import type { Range, View } from './view';
import { FIRST_VIEW, panned, toggled, viewSchema, within, zoomed } from './view';
import { messageOf, GlassboxError } from '../../src/base/errors';
import type { RunAction, WatchEvent } from '../../src/protocol/runSurface';
import { keepState, keptState } from '../shared/host';
import { t } from '../shared/l10n';
import { Announcer } from './announcer';
import { bannersOf, waitingOf } from './banners';
import type { Refusal } from './banners';
import { Chart } from './chart';
import { chartSection, toolbarOf } from './chartSection';
import type { ToolbarActions } from './chartSection';
import { csvOf } from './csv';
import { pictureOf } from './picture';
import { count, measure } from './format';
import { headerOfOne, headerOfSeveral, stateText } from './header';
import { CHARTS, canBeLogarithmic, linesOf, stepPlace, wholeOf } from './lines';
import type { ChartName } from './lines';
import { readRun } from './readRun';
import { recipesOf } from './recipe';
import { afterEvent } from './runState';
import type { KnownRun } from './runState';
import { samplesOf } from './samples';
import { tablesOf } from './table';
import { onThemeChange, readTheme } from './theme';

/** What the page asks of the host. */
export interface Host {
  act(folder: string, action: RunAction): Promise<unknown>;
  addRuns(): Promise<unknown>;
  save(name: string, type: 'png' | 'csv', data: Uint8Array<ArrayBuffer>): Promise<unknown>;
}

const HEIGHTS: Readonly<Record<ChartName, number>> = {
  loss: 360,
  lr: 170,
  gradNorm: 170,
  tokensPerSecond: 170,
};

export class Page {
  readonly #root: HTMLElement;
  readonly #host: Host;
  readonly #charts: readonly (readonly [ChartName, Chart])[];
  readonly #announcer = new Announcer();
  #theme = readTheme();
  #runs: KnownRun[] = [];
  #view: View = keptState(viewSchema) ?? FIRST_VIEW;
  #at: number | undefined;
  #refusal: Refusal | undefined;
  /** What the next frame has to draw; none is asked for where undefined. */
  #frame: { charts: boolean } | undefined;

  constructor(root: HTMLElement, host: Host) {
    this.#root = root;
    this.#host = host;
    const events = {
      point: (at: number | undefined) => this.#point(at),
      select: (range: Range) => this.#look({ range: within(range, this.#whole()) }),
      reset: () => this.#look({ range: undefined }),
    };
    this.#charts = CHARTS.map((name) => [
      name,
      new Chart(() => this.#theme, HEIGHTS[name], events),
    ]);
    for (const [, { element }] of this.#charts)
      element.addEventListener('wheel', (event) => this.#wheel(event, element), { passive: false });
    onThemeChange(() => {
      this.#theme = readTheme();
      for (const [, chart] of this.#charts) chart.recolor();
    });
    this.#changed(true);
  }

  /** Takes what the host tells; what ends it is told in the page. */
  async watch(events: AsyncIterable<WatchEvent>): Promise<void> {
    try {
      for await (const event of events) this.#take(event);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  #take(event: WatchEvent): void {
    this.#runs = afterEvent(this.#runs, event);
    if (event.runs) this.#look({ folders: this.#runs.map(({ folder }) => folder) });
    for (const run of this.#runs) if (run.behind) void readRun(run, () => this.#changed(true));
    this.#changed(event.news.length > 0);
  }

  // --- What a person does -------------------------------------------------------------------

  #look(change: Partial<{ [Name in keyof View]: View[Name] | undefined }>): void {
    this.#view = viewSchema.parse({ ...this.#view, ...change });
    keepState(this.#view);
    this.#changed(true);
  }

  #point(at: number | undefined): void {
    if (at === this.#at) return;
    this.#at = at;
    this.#changed(false);
  }

  #key(event: KeyboardEvent): void {
    const [range, whole] = [this.#range(), this.#whole()];
    const at = this.#at ?? range.to;
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction !== undefined && event.shiftKey)
      this.#look({ range: panned(range, whole, direction * 0.2) });
    else if (direction !== undefined) this.#point(this.#step(at, direction, range));
    else if (event.key === 'Home') this.#point(stepPlace(this.#runs, this.#view, range.from));
    else if (event.key === 'End') this.#point(range.to);
    else if (event.key === '+' || event.key === '=')
      this.#look({ range: zoomed(range, whole, at, 0.5) });
    else if (event.key === '-') this.#look({ range: zoomed(range, whole, at, 2) });
    else if (event.key === '0') this.#look({ range: undefined });
    else if (event.key === 'Escape') this.#point(undefined);
    else return;
    event.preventDefault();
  }

  /** A hundredth of what is seen further, at a step; at least to the next one. */
  #step(at: number, direction: number, range: Range): number {
    const size = (range.to - range.from) / 100;
    for (let far = 1; far <= 100; far *= 2) {
      const wanted = Math.min(range.to, Math.max(range.from, at + direction * size * far));
      const place = stepPlace(this.#runs, this.#view, wanted);
      if (place !== at) return place;
    }
    return at;
  }

  /** A pinch, or the wheel with Ctrl, zooms; sideways moves. The page scrolls by the plain wheel. */
  #wheel(event: WheelEvent, element: HTMLElement): void {
    const [range, whole] = [this.#range(), this.#whole()];
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      const around = this.#at ?? (range.from + range.to) / 2;
      const factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150);
      this.#look({ range: zoomed(range, whole, around, factor) });
    } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      this.#look({ range: panned(range, whole, sideways / element.clientWidth) });
    } else return;
    event.preventDefault();
  }

  async #ask(asking: Promise<unknown>): Promise<void> {
    this.#refusal = undefined;
    try {
      await asking;
    } catch (thrown) {
      this.#refuse(thrown);
    }
    this.#changed(false);
  }

  #refuse(thrown: unknown): void {
    this.#refusal = {
      message: messageOf(thrown),
      remedy: thrown instanceof GlassboxError ? thrown.remedy : undefined,
    };
    this.#changed(false);
  }

  readonly #actions = {
    act: (run: KnownRun, action: RunAction) => void this.#ask(this.#host.act(run.folder, action)),
    toggleRun: (folder: string) => this.#look({ hidden: toggled(this.#view.hidden, folder) }),
    toggle: (name: string) => this.#look({ hidden: toggled(this.#view.hidden, name) }),
    key: (event: KeyboardEvent) => this.#key(event),
    chooseSample: (sampleStep: number | undefined) => this.#look({ sampleStep }),
  };

  readonly #tools: ToolbarActions = {
    // Steps are no tokens: what was seen on one axis lies elsewhere on another.
    chooseAxis: (axis) => this.#look({ axis, range: undefined }),
    chooseLogarithmic: (logarithmic) => this.#look({ logarithmic }),
    chooseSmoothing: (smoothing) => this.#look({ smoothing }),
    reset: () => this.#look({ range: undefined }),
    addRuns: () => void this.#ask(this.#host.addRuns()),
    savePicture: () => void this.#ask(this.#savePicture()),
    saveTable: () => {
      const data = new TextEncoder().encode(csvOf(this.#runs));
      void this.#ask(this.#host.save(this.#fileName(), 'csv', data));
    },
  };

  async #savePicture(): Promise<void> {
    const data = await pictureOf(this.#charts, this.#runs, this.#theme);
    if (data) await this.#host.save(this.#fileName(), 'png', data);
  }

  #fileName(): string {
    return this.#runs.length === 1 ? this.#runs[0]!.shown.name : 'runs';
  }

  // --- What is drawn ------------------------------------------------------------------------

  #whole(): Range {
    return wholeOf(this.#runs, this.#view);
  }

  #range(): Range {
    const whole = this.#whole();
    const { range } = this.#view;
    return (range && within(range, whole)) ?? whole;
  }

  #changed(charts: boolean): void {
    if (this.#frame) {
      this.#frame.charts ||= charts;
      return;
    }
    this.#frame = { charts };
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const charts = this.#frame?.charts ?? false;
    this.#frame = undefined;
    const focused = document.activeElement;
    const beside = focused?.parentElement;
    render(this.#template(), this.#root);
    // A button that went with its run's state leaves the focus to the one beside it.
    if (focused?.isConnected === false)
      beside?.querySelector<HTMLElement>('vscode-button')?.focus();
    const [range, view] = [this.#range(), this.#view];
    for (const [name, chart] of this.#charts) {
      if (charts)
        chart.show({
          lines: linesOf(this.#runs, view, name),
          axis: view.axis,
          range,
          logarithmic: view.logarithmic && canBeLogarithmic(name),
        });
      chart.mark(this.#at);
    }
  }

  #template() {
    const [runs, view, range] = [this.#runs, this.#view, this.#range()];
    const banners = bannersOf(runs, this.#refusal, this.#actions);
    if (runs.length === 0) return banners;
    const pointing = { runs, view, range, at: this.#at };
    const waiting = waitingOf(runs);
    const one = runs.length === 1 ? runs[0] : undefined;
    return html`${
        one ? headerOfOne(one, this.#actions) : headerOfSeveral(runs, view.hidden, this.#actions)
      }
      ${banners}
      <p class="visually-hidden" aria-live="polite">${this.#announcement()}</p>
      ${waiting === nothing ? toolbarOf(view, this.#tools) : waiting}
      <div class="columns">
        <div class="charts" ?hidden=${waiting !== nothing}>
          ${this.#charts.map(([name, chart]) => chartSection(name, chart, pointing, this.#actions))}
          <details
            class="table"
            ?open=${view.tableOpen}
            @toggle=${(event: Event) => {
              if (event.target instanceof HTMLDetailsElement)
                this.#look({ tableOpen: event.target.open });
            }}
          >
            <summary>${t('Show as a table')}</summary>
            ${view.tableOpen ? tablesOf(runs, view, range) : nothing}
          </details>
        </div>
        <aside>
          ${samplesOf(runs, view, this.#actions)}
          ${recipesOf(runs, view.recipeOpen, (recipeOpen) => this.#look({ recipeOpen }))}
        </aside>
      </div>`;
  }

  #announcement(): string {
    const run = this.#runs[0];
    if (this.#runs.length !== 1 || !run) return '';
    const { step, steps, state } = run.shown;
    const line = t(
      'Step {0} of {1}, loss {2}.',
      count(step),
      count(steps),
      measure(run.records.steps.last('loss')),
    );
    return this.#announcer.line(line, stateText(state), performance.now());
  }
}
