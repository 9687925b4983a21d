/**
 * One corpus's tab: what its page is told and what the page asks. The page judges by itself; through
 * here go the statistics, and the measured sample once, which is kept while the tab is open.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError, messageOf } from '../../base/errors';
import type { SampleCorpusEvent } from '../../protocol/corpusMessages';
import { corpusSurface, type CorpusAction, type ShownCorpus } from '../../protocol/corpusSurface';
import type { CorpusRecipe } from '../../recipe/corpus';
import type { Settings } from '../../recipe/judging';
import { BACK, guide } from '../guide';
import { askName } from '../runs/askName';
import type { Services } from '../services';
import { fillTab } from '../webviews/page';
import { watchShown } from '../webviews/watchShown';
import { answerWebview } from '../webviews/webviewConnection';
import { chooseWorkFolder, freeName } from '../workspace';
import type { CorpusFiles } from './corpusFiles';
import { changedRecipe } from './changedRecipe';
import { showDocument } from './openDocument';

/** Enough for a share of one in a hundred to be known to a quarter of itself. */
const SAMPLE = 2000;
const SEED = 1;

export class CorpusPanel implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly folder: string;
  readonly #services: Services;
  readonly #files: CorpusFiles;
  readonly #answering: vscode.Disposable;
  #recipe: CorpusRecipe | undefined;
  /** What was measured, while the statistics are these. */
  #sample: { readonly of: string; readonly events: readonly SampleCorpusEvent[] } | undefined;
  #statistics = '';

  constructor(services: Services, files: CorpusFiles, panel: vscode.WebviewPanel, folder: string) {
    this.#services = services;
    this.#files = files;
    this.panel = panel;
    this.folder = folder;
    this.#answering = answerWebview(panel.webview, (answer) => {
      answer.stream(corpusSurface.watch, (_nothing, signal) => this.#watch(signal));
      answer.stream(corpusSurface.sample, (_nothing, signal) => this.#measure(signal));
      answer.call(corpusSurface.act, async ({ action }) => {
        await this.#act(action);
        return null;
      });
      answer.call(corpusSurface.openDocument, async ({ shard, line, name }) => {
        await showDocument(this.#files, { corpus: folder, shard, line }, name);
        return null;
      });
      answer.call(corpusSurface.saveRecipe, async ({ settings }) => {
        await this.#saveRecipe(settings);
        return null;
      });
    });
    const title = path.basename(folder);
    panel.title = title;
    fillTab(panel, { extensionUri: services.context.extensionUri, surface: 'corpus', title });
  }

  dispose(): void {
    this.#answering.dispose();
  }

  #watch(signal: AbortSignal): AsyncGenerator<ShownCorpus> {
    const { corpora } = this.#services;
    return watchShown(
      () => this.#look(signal),
      (tell) => corpora.onDidChange(tell),
      signal,
    );
  }

  async #look(signal: AbortSignal): Promise<ShownCorpus> {
    const known = { folder: this.folder, name: path.basename(this.folder) };
    try {
      const methods = await this.#services.engine.methods();
      const statistics = await methods.corpusStatistics({ corpus: this.folder }, signal);
      this.#statistics = JSON.stringify(statistics);
      return { ...known, statistics };
    } catch (thrown) {
      const remedy = thrown instanceof GlassboxError ? thrown.remedy : undefined;
      return { ...known, problem: [messageOf(thrown), remedy].filter(Boolean).join(' ') };
    }
  }

  async *#measure(signal: AbortSignal): AsyncGenerator<SampleCorpusEvent> {
    const of = this.#statistics;
    if (this.#sample?.of === of) {
      yield* this.#sample.events;
      return;
    }
    const methods = await this.#services.engine.methods();
    const events: SampleCorpusEvent[] = [];
    const request = { corpus: this.folder, size: SAMPLE, seed: SEED };
    for await (const event of methods.sampleCorpus(request, signal)) {
      if (event.kind === 'start') this.#recipe = event.recipe;
      events.push(event);
      yield event;
    }
    this.#sample = { of, events };
  }

  async #act(action: CorpusAction): Promise<void> {
    const { folder } = this;
    if (action === 'log') this.#services.log.show();
    else
      await vscode.commands.executeCommand(
        action === 'train' ? 'glassbox.trainOnCorpus' : 'glassbox.openCorpusDocument',
        { folder },
      );
  }

  async #saveRecipe(settings: Settings): Promise<void> {
    const recipe = this.#recipe;
    if (!recipe) return;
    const { l10n } = vscode;
    const folder = await chooseWorkFolder(vscode.Uri.file(this.folder));
    if (!folder) return;
    const fileOf = (name: string): string => path.join(folder.uri.fsPath, `${name}.corpus.json`);
    const answers = await guide<{ name: string }>(l10n.t('Save as Recipe'), [
      async (_, place) => {
        const name = await askName(place, {
          value: await freeName(path.basename(this.folder), fileOf),
          prompt: l10n.t(
            'What shall the corpus with these thresholds be called? The recipe becomes NAME.corpus.json.',
          ),
        });
        return name === undefined || name === BACK ? name : { name };
      },
    ]);
    const name = answers?.name;
    if (name === undefined) return;
    const file = fileOf(name);
    const text = changedRecipe(recipe, settings, { name, folder: folder.uri.fsPath });
    // Never over one that is there.
    await writeFile(file, text, { flag: 'wx' }).catch((cause: unknown) => {
      throw new GlassboxError('recipe-file', l10n.t('{0} could not be made.', file), {
        remedy: l10n.t('A file of that name may be there already: choose another name.'),
        cause,
      });
    });
    await vscode.window.showTextDocument(vscode.Uri.file(file));
  }
}
