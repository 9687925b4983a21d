/** The window's chat: joins the session to the engine, the models, the settings and the disk. */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { GenerateRequest } from '../../protocol/messages';
import { logError } from '../problems';
import type { Services } from '../services';
import { settings } from '../settings';
import { requireTrust } from '../workspace';
import { ChatSession } from './chatSession';
import { ConversationStore } from './conversationStore';

export async function openChat(services: Services): Promise<ChatSession> {
  const { context, walkthrough, engine, models, log } = services;
  const folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'chat').fsPath;
  const memory = context.workspaceState;
  const session = new ChatSession({
    generate: async function* (request, signal) {
      const { generate } = await engine.methods();
      yield* generate({ ...request, ...computing() }, signal);
      walkthrough.done('chat');
    },
    converse: async function* (request, signal) {
      const { converse } = await engine.methods();
      for await (const event of converse({ ...request, ...computing() }, signal)) {
        if (event.kind === 'result' && event.outcome === 'answered') walkthrough.done('tools');
        yield event;
      }
      walkthrough.done('chat');
    },
    chatForm: async (folder) => {
      const { chatForm } = await engine.methods();
      return chatForm({ model: folder }, new AbortController().signal);
    },
    models: () => models.list().filter(isUsable),
    findModel: (at) => findModel(services, at),
    sampling: () => settings.sampling(),
    store: new ConversationStore(folder, memory),
    memory,
    onLost: (error) => logError(log, error),
  });
  context.subscriptions.push(models.onDidChange(() => void session.modelsChanged()));
  await models.ready().catch((error: unknown) => logError(log, error));
  await session.restore();
  return session;
}

/** What computes, as the settings have it. */
export function computing(): Pick<GenerateRequest, 'backend' | 'precision' | 'threads'> {
  const threads = settings.threads();
  const [backend, precision] = [settings.backend(), settings.precision()];
  return { backend, precision, ...(threads > 0 && { threads }) };
}

export const isUsable = ({ problem }: ModelSummary): boolean => problem === undefined;

/**
 * The model of a folder, whether it is in the list or not.
 *
 * @throws GlassboxError `untrusted`, or what the engine throws
 */
export async function findModel(
  { engine, models }: Pick<Services, 'engine' | 'models'>,
  folder: string,
): Promise<ModelSummary | undefined> {
  requireTrust();
  const listed = models.list().find((model) => model.folder === folder);
  if (listed) return isUsable(listed) ? listed : undefined;
  const { models: look } = await engine.methods();
  const found = await look({ folders: [folder] }, new AbortController().signal);
  return found.find((model) => model.folder === folder && isUsable(model));
}
