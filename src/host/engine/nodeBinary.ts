/**
 * Which Node runs the engine: one that a person named, the one inside the packed extension, the one
 * on the PATH, or VS Code's own executable as a last resort. Electron forbids external
 * ArrayBuffers, which Dawn needs: under it the engine does without WebGPU.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';

export interface NodeBinary {
  readonly file: string;
  readonly source: 'setting' | 'packed' | 'path' | 'editor';
  /** What the process needs in its environment to be Node. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Surroundings {
  /** The setting; empty where a person named none. */
  readonly named: string;
  readonly extensionFolder: string;
  readonly searchPath: string;
  readonly platform: NodeJS.Platform;
  /** The executable that runs the extension host. */
  readonly editor: string;
  readonly exists?: (file: string) => boolean;
}

/** Where the packed extension has its Node, below its folder. */
export function packedNode(platform: NodeJS.Platform): string {
  return platform === 'win32' ? path.join('node', 'node.exe') : path.join('node', 'bin', 'node');
}

export function findNode(surroundings: Surroundings): NodeBinary {
  const { named, extensionFolder, searchPath, platform, editor } = surroundings;
  const exists = surroundings.exists ?? existsSync;
  if (named !== '') return { file: named, source: 'setting', env: {} };
  const packed = path.join(extensionFolder, packedNode(platform));
  if (exists(packed)) return { file: packed, source: 'packed', env: {} };
  const name = platform === 'win32' ? 'node.exe' : 'node';
  const onPath = searchPath
    .split(platform === 'win32' ? ';' : ':')
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find((file) => exists(file));
  if (onPath !== undefined) return { file: onPath, source: 'path', env: {} };
  return { file: editor, source: 'editor', env: { ELECTRON_RUN_AS_NODE: '1' } };
}

/** The environment of a program that shall not notice that VS Code started it. */
export function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(VSCODE_|ELECTRON_)/.test(name) && name !== 'NODE_OPTIONS',
    ),
  );
}
