/** The tokenizer explorer's page: a text cut by two tokenizers, BPE's training on it, vocabularies. */
import { html, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { messageOf } from '../../src/base/errors';
import type { TokenizerSummary } from '../../src/protocol/catalogMessages';
import { tokenizerSurface } from '../../src/protocol/tokenizerSurface';
import '../shared/controls';
import { connectToHost, keepState, keptState, never } from '../shared/host';
import { t } from '../shared/l10n';
import { CutTab } from './cutTab';
import { BEGINNING, TABS, keptSchema } from './explorerState';
import type { Explorer, Kept, Tab } from './explorerState';
import './main.css';
import { MergesTab } from './mergesTab';
import { VocabularyTab } from './vocabularyTab';

async function start(root: HTMLElement): Promise<void> {
  const host = await connectToHost();
  const before = keptState(keptSchema);
  let kept: Kept = before ?? BEGINNING;
  let tokenizers: readonly TokenizerSummary[] = [];
  let problem: string | undefined;
  let drawing = false;

  const explorer: Explorer = {
    get kept() {
      return kept;
    },
    get tokenizers() {
      return tokenizers;
    },
    change(change) {
      kept = { ...kept, ...change };
      keepState(kept);
      explorer.update();
    },
    update() {
      if (drawing) return;
      drawing = true;
      requestAnimationFrame(() => {
        drawing = false;
        render(page(), root);
      });
    },
  };
  const cut = new CutTab(explorer, {
    cut: host.call(tokenizerSurface.cut),
    explain: host.call(tokenizerSurface.explain),
  });
  const merges = new MergesTab(explorer, host.call(tokenizerSurface.learnMerges));
  const vocabulary = new VocabularyTab(explorer, host.call(tokenizerSurface.vocabulary));
  const tabs: Readonly<Record<Tab, { label: string; render: () => TemplateResult }>> = {
    cut: { label: t('Tokens'), render: () => cut.render() },
    merges: { label: t('Train BPE'), render: () => merges.render() },
    vocabulary: { label: t('Vocabulary'), render: () => vocabulary.render() },
  };

  const choose = (tab: Tab): void => {
    merges.leave();
    explorer.change({ tab });
  };
  const byKey = (event: KeyboardEvent): void => {
    const at = TABS.indexOf(kept.tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = TABS[(to + TABS.length) % TABS.length]!;
    choose(tab);
    document.getElementById(`tab-${tab}`)?.focus();
  };

  function page(): TemplateResult {
    return html`<div
        class="tabs"
        role="tablist"
        aria-label=${t('Tokenizer Explorer')}
        @keydown=${byKey}
      >
        ${TABS.map(
          (tab) =>
            html`<button
              id="tab-${tab}"
              role="tab"
              aria-selected=${tab === kept.tab}
              aria-controls="panel"
              tabindex=${tab === kept.tab ? 0 : -1}
              @click=${() => choose(tab)}
            >
              ${tabs[tab].label}
            </button>`,
        )}
      </div>
      <div id="panel" role="tabpanel" aria-labelledby="tab-${kept.tab}">
        ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
        ${tabs[kept.tab].render()}
      </div>`;
  }

  explorer.update();
  let first = before === undefined;
  try {
    for await (const state of host.stream(tokenizerSurface.state)({}, never)) {
      ({ tokenizers } = state);
      if (first) kept = { ...kept, left: state.chosen, browsed: state.chosen };
      first = false;
      const { text, opened } = state;
      if (text === undefined && opened === undefined) explorer.update();
      else
        explorer.change({
          ...(text === undefined ? {} : { text, merges: 0, tab: 'cut' }),
          ...(opened === undefined ? {} : { left: opened, browsed: opened }),
        });
    }
  } catch (thrown) {
    problem = messageOf(thrown);
    explorer.update();
  }
}

const root = document.getElementById('root');
if (root) void start(root);
