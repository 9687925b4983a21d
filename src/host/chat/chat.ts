/**
 * What the chat room registers: the chat's view and commands, `.chatml` files, continuing text in any
 * editor, and models for the editor's own chat. What does the work is loaded when it is first needed.
 */
import * as vscode from 'vscode';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import type { ChatSession } from './chatSession';
import { registerChatml } from './chatmlLanguage';
import { registerContinuation } from './continueText';
import { registerEditorModels } from './editorModels';

const VIEW = 'glassbox.chat';

export function registerChat(services: Services): vscode.Disposable {
  const { log } = services;
  const open = new OpenOnce(services);
  const show = (): Thenable<unknown> => vscode.commands.executeCommand(`${VIEW}.focus`);
  const run =
    (
      name: 'chatWithModel' | 'continueConversation' | 'saveConversation' | 'newConversation',
    ): ((item: unknown) => Promise<void>) =>
    async (item) => {
      const commands = await import('./chatCommands');
      const shows = await commands[name](services, await open.session(), item);
      if (shows) await show();
    };
  const view: vscode.WebviewViewProvider = {
    resolveWebviewView: async (webviewView) => {
      const { showChat } = await import('./chatView');
      showChat(services, await open.session(), webviewView);
    },
  };
  return vscode.Disposable.from(
    open,
    vscode.window.registerWebviewViewProvider(VIEW, view),
    registerCommand(log, 'glassbox.openChat', show),
    registerCommand(log, 'glassbox.newConversation', run('newConversation')),
    registerCommand(log, 'glassbox.chatWithModel', run('chatWithModel')),
    registerCommand(log, 'glassbox.saveConversation', run('saveConversation')),
    registerCommand(log, 'glassbox.continueConversation', run('continueConversation')),
    registerChatml(),
    registerContinuation(services),
    registerEditorModels(services),
  );
}

/** The window's one chat, from when something first needs it. */
class OpenOnce {
  readonly #services: Services;
  #opened: Promise<ChatSession> | undefined;
  #disposed = false;

  constructor(services: Services) {
    this.#services = services;
  }

  session(): Promise<ChatSession> {
    this.#opened ??= import('./openChat')
      .then(({ openChat }) => openChat(this.#services))
      .catch((thrown: unknown) => {
        // Whoever asks next tries again.
        this.#opened = undefined;
        throw thrown;
      });
    return this.#opened;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#opened?.then(
      (session) => session.dispose(),
      // Whoever asked for it was told.
      () => undefined,
    );
  }
}
