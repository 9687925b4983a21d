/** One probe's tab: what its page is told, and what the page asks. */
import path from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import { probeSurface, type ProbeAction, type ShownProbe } from '../../protocol/probeSurface';
import type { ProbeSummary } from '../../protocol/knowledgeMessages';
import type { Services } from '../services';
import { fillTab } from '../webviews/page';
import { watchShown } from '../webviews/watchShown';
import { answerWebview } from '../webviews/webviewConnection';
import { comparable, usualBefore } from './comparable';
import { findProbe } from './findProbe';
import { aboutText, modelName, probedModel } from './probeTexts';

export class ProbePanel implements vscode.Disposable {
  readonly #services: Services;
  readonly #folder: string;
  readonly #answering: vscode.Disposable;

  constructor(services: Services, panel: vscode.WebviewPanel, folder: string) {
    this.#services = services;
    this.#folder = folder;
    this.#answering = answerWebview(panel.webview, (answer) => {
      answer.stream(probeSurface.watch, (_nothing, signal) => this.#watch(signal));
      answer.stream(probeSurface.read, async function* ({ before }, signal) {
        const methods = await services.engine.methods();
        yield* methods.openProbe({ folder, before }, signal);
      });
      answer.call(probeSurface.act, async ({ action }) => {
        await this.#act(action);
        return null;
      });
    });
    const title = path.basename(folder);
    panel.title = title;
    fillTab(panel, { extensionUri: services.context.extensionUri, surface: 'probe', title });
  }

  dispose(): void {
    this.#answering.dispose();
  }

  #watch(signal: AbortSignal): AsyncGenerator<ShownProbe> {
    const { probes, models } = this.#services;
    const listen = (tell: () => void): vscode.Disposable =>
      vscode.Disposable.from(probes.onDidChange(tell), models.onDidChange(tell));
    return watchShown(() => this.#look(), listen, signal);
  }

  async #look(): Promise<ShownProbe> {
    const { probes, models } = this.#services;
    const folder = this.#folder;
    const [all] = await Promise.all([probes.ready(), models.ready()]);
    const named = (probe: ProbeSummary) => ({
      ...{ folder: probe.folder, name: probe.name, made: probe.made },
      model: modelName(probedModel(probe), models.list()),
    });
    try {
      const probe = await findProbe(this.#services, folder);
      return {
        ...named(probe),
        about: aboutText(probe),
        samples: probe.asked?.samples,
        others: comparable(probe, all).map(named),
        before: usualBefore(probe, all),
      };
    } catch (thrown) {
      return { folder, name: path.basename(folder), others: [], problem: messageOf(thrown) };
    }
  }

  async #act(action: ProbeAction): Promise<void> {
    const folder = this.#folder;
    if (action === 'report') {
      const report = vscode.Uri.file(path.join(folder, 'report.md'));
      await vscode.commands.executeCommand('markdown.showPreview', report);
      return;
    }
    const command = action === 'teach' ? 'glassbox.teachRefusals' : 'glassbox.probeAgain';
    await vscode.commands.executeCommand(command, { folder });
  }
}
