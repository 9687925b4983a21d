/**
 * The models that were taught to chat, for VS Code's own chat and for other extensions
 * (`vscode.lm.selectChatModels({ vendor: 'glassbox' })`). Text only: no tools, no images.
 */
import * as vscode from 'vscode';
import type { ConversationMessage } from '../../protocol/chatMessages';
import type { Services } from '../services';
import { onDidChangeSetting, settings } from '../settings';

export function registerEditorModels(services: Services): vscode.Disposable {
  const { engine, models } = services;
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.LanguageModelChatProvider = {
    onDidChangeLanguageModelChatInformation: changed.event,

    provideLanguageModelChatInformation: async () => {
      if (!settings.offerLanguageModels() || !vscode.workspace.isTrusted) return [];
      const all = await models.ready();
      return all
        .filter(({ chat, problem }) => chat && problem === undefined)
        .map((model) => ({
          id: model.folder,
          name: model.name,
          family: model.architecture,
          version: model.run ? String(model.run.step) : '1',
          tooltip: model.folder,
          maxInputTokens: model.context - 1,
          maxOutputTokens: Math.min(settings.sampling().maxTokens, model.context - 1),
          capabilities: {},
        }));
    },

    provideLanguageModelChatResponse: async (model, messages, _, progress, token) => {
      const { converse } = await engine.methods();
      const { computing } = await import('./openChat');
      const asked = { model: model.id, messages: messages.map(messageOf), topLogprobs: 0 };
      const request = { ...asked, ...settings.sampling(), ...computing() };
      for await (const event of converse(request, signalOf(token)))
        if (event.kind === 'token' && event.text !== '')
          progress.report(new vscode.LanguageModelTextPart(event.text));
    },

    provideTokenCount: async (model, text, token) => {
      const { encode } = await engine.methods();
      const content = typeof text === 'string' ? text : messageOf(text).content;
      const request = {
        tokenizer: model.id,
        text: content,
        special: 'text',
        offsets: false,
      } as const;
      return (await encode(request, signalOf(token))).ids.length;
    },
  };
  return vscode.Disposable.from(
    changed,
    models.onDidChange(() => changed.fire()),
    onDidChangeSetting('chat', () => changed.fire()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => changed.fire()),
    vscode.lm.registerLanguageModelChatProvider('glassbox', provider),
  );
}

function messageOf({ role, content }: vscode.LanguageModelChatRequestMessage): ConversationMessage {
  const texts = content.filter((part) => part instanceof vscode.LanguageModelTextPart);
  return {
    role: role === vscode.LanguageModelChatMessageRole.Assistant ? 'assistant' : 'user',
    content: texts.map(({ value }) => value).join(''),
  };
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const abort = new AbortController();
  if (token.isCancellationRequested) abort.abort();
  token.onCancellationRequested(() => abort.abort());
  return abort.signal;
}
