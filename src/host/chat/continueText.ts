/**
 * "Continue Text at Cursor": the model's text as ghost text that Tab accepts and Esc rejects. Only when
 * asked for, and when it is all there: an editor that shows a suggestion keeps it, whatever comes after.
 */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { registerCommand, tellError } from '../problems';
import type { Services } from '../services';
import { settings } from '../settings';
import { afterChange, endThatFits, longestReading, readingBudget } from './continuation';
import type { Continuation } from './continuation';

const MODEL = 'glassbox.continueText.model';
const ACTIVE = 'glassbox.continuing';

export function registerContinuation(services: Services): vscode.Disposable {
  const continuing = new TextContinuation(services);
  const { log } = services;
  return vscode.Disposable.from(
    continuing,
    registerCommand(log, 'glassbox.continueText', () => continuing.atCursor()),
    registerCommand(log, 'glassbox.cancelContinuation', () => continuing.cancel()),
    registerCommand(log, 'glassbox.chooseContinuationModel', () => continuing.chooseModel()),
  );
}

interface Place extends Continuation {
  readonly document: vscode.TextDocument;
  readonly abort: AbortController;
}

class TextContinuation implements vscode.InlineCompletionItemProvider {
  readonly #services: Services;
  #place: Place | undefined;
  #listening: vscode.Disposable | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  async chooseModel(): Promise<ModelSummary | undefined> {
    const { models, context } = this.#services;
    const model = await models.choose(vscode.l10n.t('Continue Text with'));
    if (model) await context.workspaceState.update(MODEL, model.folder);
    return model;
  }

  async atCursor(): Promise<void> {
    const { l10n, window } = vscode;
    const editor = window.activeTextEditor;
    if (!editor) {
      void window.showInformationMessage(
        l10n.t('Open a text, and put the cursor where it shall go on.'),
      );
      return;
    }
    this.#listen();
    this.#drop();
    const abort = new AbortController();
    try {
      const model = await this.#model();
      if (!model) return;
      const { document, selection } = editor;
      const offset = document.offsetAt(selection.active);
      const place: Place = { document, offset, text: '', abort };
      this.#place = place;
      await vscode.commands.executeCommand('setContext', ACTIVE, true);
      const title = vscode.l10n.t('{0} continues the text (Esc cancels)', model.name);
      const location = vscode.ProgressLocation.Window;
      await vscode.window.withProgress({ location, title }, () => this.#write(place, model));
    } catch (thrown) {
      await this.#tell(thrown);
    } finally {
      // Unless another call has taken the place of this one.
      if ((this.#place?.abort ?? abort) === abort)
        await vscode.commands.executeCommand('setContext', ACTIVE, false);
    }
  }

  async cancel(): Promise<void> {
    this.#drop();
    await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
  }

  provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): vscode.InlineCompletionItem[] {
    const place = this.#place;
    if (place?.document !== document || document.offsetAt(position) !== place.offset) return [];
    if (place.text === '') return [];
    return [new vscode.InlineCompletionItem(place.text, new vscode.Range(position, position))];
  }

  dispose(): void {
    this.#drop();
    this.#listening?.dispose();
  }

  /** The model that was chosen; asks where there is none any more. */
  async #model(): Promise<ModelSummary | undefined> {
    const folder: unknown = this.#services.context.workspaceState.get(MODEL);
    const listed = await this.#services.models.ready();
    const model = listed.find((each) => each.folder === folder && each.problem === undefined);
    return model ?? this.chooseModel();
  }

  async #write(place: Place, model: ModelSummary): Promise<void> {
    const { signal } = place.abort;
    const maxTokens = Math.min(settings.continuationTokens(), Math.floor(model.context / 2));
    const prompt = await this.#textBefore(place, model, maxTokens);
    const { generate } = await this.#services.engine.methods();
    const { computing } = await import('./openChat');
    const sampling = { ...settings.sampling(), maxTokens };
    const request = { model: model.folder, prompt, ...sampling, topLogprobs: 0, ...computing() };
    let written: string | undefined;
    for await (const event of generate(request, signal))
      if (event.kind === 'done') {
        this.#place = { ...place, text: event.text };
        written = event.text;
      }
    this.#services.walkthrough.done('sample');
    if (written === '')
      void vscode.window.showInformationMessage(
        vscode.l10n.t(
          '{0} would end the text here. Ask again, or go on in other words.',
          model.name,
        ),
      );
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
  }

  async #textBefore(
    { document, offset, abort }: Place,
    model: ModelSummary,
    maxTokens: number,
  ): Promise<string> {
    const first = Math.max(0, offset - longestReading(model.context));
    const range = new vscode.Range(document.positionAt(first), document.positionAt(offset));
    const text = document.getText(range);
    const { encode } = await this.#services.engine.methods();
    const { offsets = [] } = await encode(
      { tokenizer: model.folder, text, special: 'text', offsets: true },
      abort.signal,
    );
    const starts = offsets.map(({ utf16: [start] }) => start);
    return endThatFits(text, starts, readingBudget(model.context, maxTokens));
  }

  #listen(): void {
    this.#listening ??= vscode.Disposable.from(
      vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, this),
      vscode.workspace.onDidChangeTextDocument((event) => this.#changed(event)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        const [selection] = selections;
        const { document } = textEditor;
        if (!selection || document !== this.#place?.document) return;
        if (document.offsetAt(selection.active) !== this.#place.offset) this.#drop();
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor?.document !== this.#place?.document) this.#drop();
      }),
    );
  }

  #changed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const place = this.#place;
    const [change] = contentChanges;
    if (place?.document !== document || !change) return;
    const left = contentChanges.length === 1 ? afterChange(place, change) : undefined;
    if (left) this.#place = { ...place, ...left };
    else this.#drop();
  }

  #drop(): void {
    this.#place?.abort.abort();
    this.#place = undefined;
  }

  async #tell(thrown: unknown): Promise<void> {
    const another = vscode.l10n.t('Choose Another Model');
    const answer = await tellError(this.#services.log, thrown, [another]);
    if (answer === another && (await this.chooseModel())) await this.atCursor();
  }
}
