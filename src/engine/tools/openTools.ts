/** The built-in tools by their names. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { fileError } from '../../base/files';
import { calculator } from './calculator';
import { javascriptTool } from './javascript';
import { searchTool } from './searchTool';
import type { Tool } from './tool';

export const TOOL_NAMES = ['calculator', 'search', 'javascript'] as const;

export interface ToolWish {
  readonly name: (typeof TOOL_NAMES)[number];
  /** Where `search` looks: a folder, a file or a corpus. */
  readonly folder?: string | undefined;
}

/** @throws GlassboxError `tool`: a search without a folder; or the file system's reason */
export async function openTools(wishes: readonly ToolWish[]): Promise<Tool[]> {
  const tools: Tool[] = [];
  for (const { name, folder } of wishes) {
    if (tools.some((tool) => tool.name === name))
      throw new GlassboxError('tool', `The tool ${name} is named twice.`);
    if (name === 'calculator') tools.push(calculator);
    else if (name === 'javascript') tools.push(javascriptTool());
    else tools.push(searchTool(await checkedFolder(folder)));
  }
  return tools;
}

async function checkedFolder(folder: string | undefined): Promise<string> {
  if (folder === undefined)
    throw new GlassboxError('tool', 'The tool search was given no folder to search in.', {
      remedy: 'Write search=FOLDER.',
    });
  const place = path.resolve(folder);
  await stat(place).catch((thrown: unknown) => {
    throw fileError(thrown, 'read', place);
  });
  return place;
}
