/** What a desk's page asks, answered. */
import * as vscode from 'vscode';
import { AsyncQueue } from '../../base/asyncQueue';
import { GlassboxError } from '../../base/errors';
import { labelSurface as surface } from '../../protocol/labelSurface';
import type { DeskEvent } from '../../protocol/labelSurface';
import type { Answerer } from '../../protocol/rpc';
import { computing } from '../chat/openChat';
import { logError, tellError } from '../problems';
import type { Services } from '../services';
import { settings } from '../settings';
import type { Desk } from './desk';
import { draftAnswer } from './drafting';
import { DraftTools } from './draftTools';
import { exportFromDesk } from './exportFromDesk';
import { chooseDrafter, chooseLabeller, drafterOf } from './labeller';
import { openGuidelines, writeGuidelines } from './newDesk';
import type { OpenDesk } from './openDesk';

export function answerDesk(services: Services, opened: OpenDesk, answer: Answerer): void {
  const { engine, log } = services;
  const { desk, uri } = opened;
  const memory = services.context.workspaceState;
  const tools = new DraftTools(memory, (key, value) => {
    memory.update(key, value).then(undefined, (thrown: unknown) => logError(log, thrown));
  });
  /** What a person is asked, in VS Code; what goes wrong there is told there. */
  const asks =
    <T>(work: (params: T) => unknown) =>
    async (params: T): Promise<null> => {
      try {
        await work(params);
      } catch (thrown) {
        await tellError(log, thrown);
      }
      return null;
    };

  answer.stream(surface.watch, (_, signal) => watch(desk, signal));
  answer.call(surface.open, ({ task }) => Promise.resolve(desk.open(task)));
  answer.call(surface.keep, async ({ task, basis, work }) => ({
    basis: await desk.keep(task, basis, work),
  }));
  answer.stream(surface.draft, async function* ({ turns, consent }, signal) {
    const model = drafterOf(services);
    if (!model)
      throw new GlassboxError('no-model', vscode.l10n.t('No model is chosen.'), {
        remedy: vscode.l10n.t('Choose one that drafts.'),
      });
    const options = { sampling: settings.sampling(), computing: computing(), tools, consent };
    yield* draftAnswer(await engine.methods(), turns, model, options, signal);
  });
  answer.call(surface.addPrompt, async ({ system, prompt }) => {
    const before = system.trim() === '' ? [] : [{ role: 'system' as const, content: system }];
    const turns = [...before, { role: 'user' as const, content: prompt }];
    const [added] = await desk.add([{ mode: 'answer', turns, source: desk.needLabeller() }]);
    return added ? { task: added.id } : {};
  });
  answer.call(
    surface.addPrompts,
    asks(async () => (await import('./addPrompts')).addPrompts(services, opened)),
  );
  answer.call(
    surface.addComparisons,
    asks(async () => (await import('./addComparisons')).addComparisons(services, opened)),
  );
  answer.call(
    surface.writeGuidelines,
    asks(() => writeGuidelines(desk.guidelinesFile)),
  );
  answer.call(
    surface.openGuidelines,
    asks(() => openGuidelines(desk.guidelinesFile)),
  );
  answer.call(surface.guidelines, ({ version }) => Promise.resolve(desk.guidelines(version)));
  answer.call(
    surface.chooseLabeller,
    asks(async () => {
      if (await chooseLabeller(services)) desk.tell();
    }),
  );
  answer.call(
    surface.chooseModel,
    asks(async () => {
      if (await chooseDrafter(services)) desk.tell();
    }),
  );
  answer.call(
    surface.newRun,
    asks(() => vscode.commands.executeCommand('glassbox.newRun')),
  );
  answer.call(
    surface.openAsText,
    asks(({ line = 1 }: { line?: number | undefined }) => {
      const at = new vscode.Position(Math.max(0, line - 1), 0);
      const options = { selection: new vscode.Range(at, at) };
      return vscode.commands.executeCommand('vscode.openWith', uri, 'default', options);
    }),
  );
  answer.call(
    surface.exportLabels,
    asks(() => exportFromDesk(services, opened)),
  );
  answer.call(surface.statistics, () => Promise.resolve(desk.statistics()));
}

async function* watch(desk: Desk, signal: AbortSignal): AsyncGenerator<DeskEvent> {
  const events = new AsyncQueue<DeskEvent>();
  const unwatch = desk.watch((event) => events.push(event));
  const end = (): void => events.end();
  signal.addEventListener('abort', end);
  try {
    yield* events;
  } finally {
    signal.removeEventListener('abort', end);
    unwatch();
  }
}
