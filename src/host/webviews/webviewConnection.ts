/** The extension host's end of a webview: the same requests as on every other hop, over postMessage. */
import * as vscode from 'vscode';
import { createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { MessagePipe } from '../../protocol/messagePipe';
import { answerer } from '../../protocol/rpc';
import type { Answerer } from '../../protocol/rpc';

/**
 * Answers what the page in the webview asks. A page that was loaded again (a hidden view comes back
 * without its script's memory) begins a connection of its own, and what the one before it was still
 * streaming ends.
 *
 * @param answers called for each connection, to hand over the methods that answer.
 */
export function answerWebview(
  webview: vscode.Webview,
  answers: (answer: Answerer) => void,
): vscode.Disposable {
  let current: { connection: MessageConnection; pipe: MessagePipe } | undefined;
  const close = (): void => {
    current?.pipe.close();
    current?.connection.dispose();
    current = undefined;
  };
  const listening = webview.onDidReceiveMessage((message: unknown) => {
    if (message === 'glassbox:hello') {
      close();
      const pipe = new MessagePipe((outgoing) => void webview.postMessage(outgoing));
      const connection = createMessageConnection(pipe.reader, pipe.writer);
      current = { connection, pipe };
      const answer = answerer(connection);
      answers(answer);
      answer.listen();
      void webview.postMessage('glassbox:ready');
    } else {
      current?.pipe.receive(message);
    }
  });
  return vscode.Disposable.from(listening, { dispose: close });
}
