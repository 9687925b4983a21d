/** The chat's view: its page, and what the page asks. */
import * as vscode from 'vscode';
import { AsyncQueue } from '../../base/asyncQueue';
import type { ChatEvent } from '../../protocol/chatSurface';
import { chatSurface } from '../../protocol/chatSurface';
import type { Services } from '../services';
import { pageOf, webviewOptions } from '../webviews/page';
import { answerWebview } from '../webviews/webviewConnection';
import { chooseConversation, chooseModel } from './chatCommands';
import type { ChatSession } from './chatSession';
import { chooseSearch } from './chooseSearch';

export function showChat(services: Services, session: ChatSession, view: vscode.WebviewView): void {
  const { webview } = view;
  const { talk } = session;
  const { extensionUri } = services.context;
  const page = { extensionUri, surface: 'chat', title: vscode.l10n.t('Chat') };
  const answering = answerWebview(webview, (answer) => {
    answer.stream(chatSurface.watch, (_, signal) => watch(session, signal));
    answer.call(
      chatSurface.send,
      done(({ text }) => talk.send(text)),
    );
    answer.call(
      chatSurface.edit,
      done(({ passage, text }) => talk.edit(passage, text)),
    );
    answer.call(
      chatSurface.regenerate,
      done(({ passage }) => talk.regenerate(passage)),
    );
    answer.call(
      chatSurface.goOn,
      done(() => talk.goOn()),
    );
    answer.call(
      chatSurface.stop,
      done(() => talk.stop()),
    );
    answer.call(
      chatSurface.choose,
      done(({ passage }) => talk.choose(passage)),
    );
    answer.call(chatSurface.explain, ({ passage, index }) =>
      Promise.resolve(talk.explain(passage, index)),
    );
    answer.call(
      chatSurface.branch,
      done(({ passage, index, token }) => talk.branch(passage, index, token)),
    );
    answer.call(
      chatSurface.setSampling,
      done(({ sampling }) => session.setSampling(sampling ?? undefined)),
    );
    answer.call(
      chatSurface.setInstructions,
      done(({ text }) => talk.setInstructions(text)),
    );
    answer.call(
      chatSurface.useTool,
      done(async ({ name, chosen }) => {
        if (name === 'search' && chosen && !talk.hasSearchPlace) await chooseSearch(services, talk);
        else talk.useTool(name, chosen);
      }),
    );
    answer.call(
      chatSurface.chooseSearch,
      done(() => chooseSearch(services, talk)),
    );
    answer.call(
      chatSurface.consent,
      done(({ passage, answer: given }) => talk.consent(passage, given)),
    );
    answer.call(
      chatSurface.askAgain,
      done(() => talk.askAgain()),
    );
    answer.call(
      chatSurface.chooseModel,
      done(() => chooseModel(services, session)),
    );
    answer.call(
      chatSurface.chooseConversation,
      done(() => chooseConversation(session)),
    );
    answer.call(
      chatSurface.newRun,
      done(() => vscode.commands.executeCommand('glassbox.newRun')),
    );
    answer.call(
      chatSurface.keepDraft,
      done(({ text }) => session.keepDraft(text)),
    );
    answer.call(
      chatSurface.copy,
      done(({ passage }) => vscode.env.clipboard.writeText(talk.textOf(passage))),
    );
  });
  view.onDidDispose(() => void answering.dispose());
  webview.options = webviewOptions(page);
  webview.html = pageOf(webview, page);
}

/** A handler that has nothing to say but that it is done. */
function done<Params>(work: (params: Params) => unknown): (params: Params) => Promise<null> {
  return async (params) => {
    await work(params);
    return null;
  };
}

async function* watch(
  session: ChatSession,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, void> {
  const events = new AsyncQueue<ChatEvent>();
  const unwatch = session.watch((event) => events.push(event));
  signal.addEventListener('abort', () => events.end());
  try {
    yield* events;
  } finally {
    unwatch();
  }
}
