/** What the tests in the extension host know of the extension: its manifest, its files, its engine. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import * as z from 'zod';
import { there } from './hostTest';

export const extension = there(
  vscode.extensions.getExtension('glassbox.glassbox'),
  'extension glassbox.glassbox',
);

const when = z.object({ command: z.string().optional(), when: z.string().optional() });

export const manifest = z
  .object({
    contributes: z.object({
      commands: z.array(z.object({ command: z.string(), enablement: z.string().optional() })),
      menus: z.record(z.string(), z.array(when)),
      keybindings: z.array(when),
      configuration: z.object({
        properties: z.record(z.string(), z.object({ default: z.unknown(), scope: z.string() })),
      }),
    }),
  })
  .parse(extension.packageJSON).contributes;

export const folder = there(vscode.workspace.workspaceFolders?.[0], 'workspace folder').uri;

export const inWorkspace = (name: string): vscode.Uri => vscode.Uri.joinPath(folder, name);

/** The extension's own files that Node has loaded, below its folder. */
export const loaded = (): string[] =>
  Object.keys(require.cache).filter((file) => file.startsWith(extension.extensionPath + path.sep));

/** The processes below the extension host that are engines. */
export async function engines(): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-eo', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    const ours = Number(found?.[2]) === process.pid;
    return ours && found?.[3]?.includes(path.join('dist', 'engine.js')) ? [Number(found[1])] : [];
  });
}

/** Opens a file of the workspace in an editor. */
export async function open(name: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(inWorkspace(name), { preview: false });
}

/** Replaces the whole text of an open document. */
export async function rewrite(editor: vscode.TextEditor, text: string): Promise<void> {
  const { document } = editor;
  const all = new vscode.Range(0, 0, document.lineCount, 0);
  await editor.edit((builder) => builder.replace(document.validateRange(all), text));
}
