/** What the chat's commands do; each says whether the chat should be shown then. */
import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import type { Services } from '../services';
import type { ChatSession } from './chatSession';
import { findModel } from './openChat';
import { readTranscript, writeMarkdown, writeText, writeTranscript } from './transcript';

/** A model's or run's folder, or an item of a tree that has one. */
const itemSchema = z.union([
  z.string(),
  z.object({ folder: z.string() }).transform((at) => at.folder),
]);

export async function newConversation(_: Services, session: ChatSession): Promise<boolean> {
  await session.newConversation();
  return true;
}

export async function chatWithModel(
  services: Services,
  session: ChatSession,
  item?: unknown,
): Promise<boolean> {
  const given = itemSchema.safeParse(item);
  if (!given.success) return chooseModel(services, session);
  const checkpoint = services.runs.get(given.data)?.checkpoints.at(-1)?.folder;
  const model = await findModel(services, checkpoint ?? given.data);
  if (!model) throw noModel(given.data);
  await session.useModel(model);
  return true;
}

/** Lets a person choose; true if they did. */
export async function chooseModel(services: Services, session: ChatSession): Promise<boolean> {
  const model = await services.models.choose(vscode.l10n.t('Chat with'));
  if (model) await session.useModel(model);
  return model !== undefined;
}

export async function continueConversation(
  { models }: Services,
  session: ChatSession,
): Promise<boolean> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== 'chatml') return false;
  const text = document.getText();
  const messages = readTranscript(text);
  const model = await models.choose(vscode.l10n.t('Continue This Conversation with'));
  if (!model) return false;
  await session.continueFrom(messages, text, model);
  return true;
}

export async function saveConversation(_: Services, session: ChatSession): Promise<boolean> {
  const messages = session.messages();
  if (messages.every(({ content }) => content === '')) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('There is nothing to save yet.'), 5000);
    return false;
  }
  const isText = session.state().mode === 'text';
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file('/');
  const name = session.title
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save Conversation'),
    defaultUri: vscode.Uri.joinPath(
      folder,
      `${name || 'conversation'}.${isText ? 'md' : 'chatml'}`,
    ),
    filters: {
      ...(!isText && { [vscode.l10n.t('ChatML transcript')]: ['chatml'] }),
      Markdown: ['md'],
    },
  });
  if (!target) return false;
  const nameOf = {
    system: vscode.l10n.t('Instructions'),
    user: vscode.l10n.t('You'),
    assistant: session.modelName ?? vscode.l10n.t('Model'),
    tool: vscode.l10n.t('Tool'),
  };
  const asChatml = path.posix.extname(target.path) === '.chatml';
  const markdown = isText ? writeText(messages.slice(0, 1)) : writeMarkdown(messages, nameOf);
  const text = asChatml ? writeTranscript(messages) : markdown;
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(target);
  return false;
}

interface ConversationItem extends vscode.QuickPickItem {
  readonly id: string;
}

/** Lets a person choose among the last ones, or remove them. */
export async function chooseConversation(session: ChatSession): Promise<void> {
  const remove = { iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Delete') };
  const items = (): ConversationItem[] =>
    session.conversations().map(({ id, title, updated }) => ({
      id,
      label: title === '' ? vscode.l10n.t('(empty)') : title,
      description: new Date(updated).toLocaleString(vscode.env.language, {
        dateStyle: 'medium',
        timeStyle: 'short',
      }),
      buttons: [remove],
    }));
  const pick = vscode.window.createQuickPick<ConversationItem>();
  pick.title = vscode.l10n.t('Conversations');
  pick.placeholder = vscode.l10n.t('Go back to a conversation');
  pick.items = items();
  await new Promise<void>((resolve) => {
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      if (chosen) void session.open(chosen.id);
      pick.hide();
    });
    pick.onDidTriggerItemButton(({ item }) => {
      void session.forget(item.id).then(() => (pick.items = items()));
    });
    pick.onDidHide(resolve);
    pick.show();
  });
  pick.dispose();
}

function noModel(folder: string): GlassboxError {
  return new GlassboxError(
    'no-model',
    vscode.l10n.t('There is no model that can be used in {0}.', folder),
    { remedy: vscode.l10n.t('Wait for the first checkpoint of its run, or choose another one.') },
  );
}
