/**
 * With which model's tokenizer, template and context datasets are looked at in this workspace: as a
 * person chose, else with none, by ChatML.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { RenderRequest } from '../../protocol/chatMessages';
import { modelItems } from '../models/modelTexts';
import type { ModelItem } from '../models/modelTexts';
import type { Services } from '../services';

const TEACHER = 'glassbox.datasets.teacher';
const TEMPLATES = ['auto', 'chatml', 'llama3', 'nanochat'] as const;

export interface Teacher {
  /** The folder of a model, and what it is called. */
  readonly model?: { readonly folder: string; readonly name: string };
  /** `auto`: the model's own, else ChatML; a built-in form, or a .jinja file. */
  readonly template: string;
}

export class Teachers implements vscode.Disposable {
  readonly #services: Pick<Services, 'context' | 'models'>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #teacher: Teacher;

  constructor(services: Pick<Services, 'context' | 'models'>) {
    this.#services = services;
    this.#teacher = kept(services.context.workspaceState.get(TEACHER)) ?? { template: 'auto' };
  }

  get now(): Teacher {
    return this.#teacher;
  }

  /** What the engine is asked with. */
  get request(): Pick<RenderRequest, 'model' | 'template'> {
    const { model, template } = this.#teacher;
    return { template, ...(model && { model: model.folder }) };
  }

  /** `nanochat · template of the model`, for people. */
  get text(): string {
    const { model, template } = this.#teacher;
    const { l10n } = vscode;
    const name = path.basename(template);
    if (template !== 'auto')
      return model ? l10n.t('{0}, template {1}', model.name, name) : l10n.t('template {0}', name);
    return model ? l10n.t('{0}, its own template', model.name) : l10n.t('template chatml');
  }

  async choose(): Promise<void> {
    const { l10n, window, QuickPickItemKind } = vscode;
    const models = await this.#services.models.ready();
    const none: ModelItem = {
      label: l10n.t('No Model'),
      description: l10n.t('tokens of gpt2, no limit of the context'),
    };
    const groups = modelItems(models).filter(({ kind, label, add }) => {
      const isSeparator = kind === QuickPickItemKind.Separator;
      return !add && !(isSeparator && label === l10n.t('Other'));
    });
    const items = [none, ...groups];
    const title = l10n.t('Datasets as a Model Sees Them');
    const placeHolder = l10n.t('With the tokens and the context of which model?');
    const item = await window.showQuickPick(items, { title, placeHolder, matchOnDetail: true });
    if (!item) return;
    const { model } = item;
    const template = await chooseTemplate(title, model !== undefined);
    if (template === undefined) return;
    this.#teacher = {
      template,
      ...(model && { model: { folder: model.folder, name: model.name } }),
    };
    void this.#services.context.workspaceState.update(TEACHER, this.#teacher);
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

async function chooseTemplate(title: string, hasModel: boolean): Promise<string | undefined> {
  const { l10n, window, workspace } = vscode;
  const files = await workspace.findFiles('**/*.jinja', '**/{node_modules,.git}/**', 50);
  const about: Readonly<Record<string, string>> = {
    auto: hasModel ? l10n.t("the model's own, else ChatML") : l10n.t('ChatML'),
    chatml: '<|im_start|>user',
    llama3: '<|start_header_id|>user<|end_header_id|>',
    nanochat: '<|user_start|>',
  };
  const items = [
    ...TEMPLATES.map((name) => ({ label: name, description: about[name] ?? '', template: name })),
    ...files.map(({ fsPath }) => ({
      label: path.basename(fsPath),
      description: workspace.asRelativePath(fsPath),
      template: fsPath,
    })),
  ];
  const placeHolder = l10n.t('Written by which template?');
  return (await window.showQuickPick(items, { title, placeHolder }))?.template;
}

function kept(value: unknown): Teacher | undefined {
  if (typeof value !== 'object' || value === null || !('template' in value)) return undefined;
  const { template } = value;
  if (typeof template !== 'string') return undefined;
  const model: unknown = 'model' in value ? value.model : undefined;
  if (typeof model !== 'object' || model === null) return { template };
  if (!('folder' in model) || !('name' in model)) return { template };
  const { folder, name } = model;
  if (typeof folder !== 'string' || typeof name !== 'string') return { template };
  return { template, model: { folder, name } };
}
