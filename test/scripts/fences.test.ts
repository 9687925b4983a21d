import { Linter, type Rule } from 'eslint';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const { fences } = z
  .object({ fences: z.custom<Rule.RuleModule>((value) => typeof value === 'object') })
  .parse(await import(path.resolve('scripts/fences.mjs')));

/** What the fences say about one import in one file. */
function judge(
  file: string,
  source: string,
  form = (from: string) => `import '${from}';`,
): string[] {
  const linter = new Linter({ cwd: process.cwd() });
  const config: Linter.Config[] = [
    {
      files: ['**/*.ts'],
      plugins: { glassbox: { rules: { fences } } },
      rules: { 'glassbox/fences': 'error' },
    },
  ];
  return linter
    .verify(form(source), config, { filename: path.resolve(file) })
    .map(({ message }) => message);
}

describe('the fences', () => {
  it.each([
    ['src/engine/train/loop.ts', '../graph/graph'],
    ['src/engine/train/loop.ts', './schedule'],
    ['src/engine/train/loop.ts', '../../base/errors'],
    ['src/engine/train/loop.ts', '../../recipe/run'],
    ['src/engine/backend/onnx/onnx.ts', '../backend'],
    ['src/engine/service.ts', '../protocol/protocol'],
    ['src/engine/service.ts', './backend/onnx/onnx'],
    ['src/extension.ts', 'vscode'],
    ['src/host/panels.ts', 'vscode'],
    ['src/engine/graph/graph.ts', 'node:fs'],
  ])('%s may import %s', (file, source) => {
    expect(judge(file, source)).toEqual([]);
  });

  it.each([
    ['src/engine/graph/graph.ts', '../train/train', 'graph may not import train'],
    ['src/engine/train/loop.ts', '../chat/chat', 'train may not import chat'],
    ['src/engine/train/loop.ts', '../../protocol/protocol', 'train may not import protocol'],
    ['src/base/errors.ts', '../recipe/run', 'base may not import recipe'],
    ['src/host/panels.ts', '../engine/service', 'host may not import engine'],
    ['webview/run/main.ts', '../../src/host/panels', 'webview may not import host'],
    ['src/engine/train/loop.ts', '../graph/shapes', 'through its door, src/engine/graph/graph.ts'],
    ['src/engine/service.ts', './backend/onnx/lowering', 'through its door'],
    ['src/engine/main.ts', 'vscode', "Only src/host and src/extension.ts may import 'vscode'"],
  ])('%s may not import %s, and is told what to do', (file, source, message) => {
    expect(judge(file, source).join()).toContain(message);
  });

  it('sees every form of import', () => {
    const forms = [
      (from: string) => `import { x } from '${from}'; x();`,
      (from: string) => `export { x } from '${from}';`,
      (from: string) => `export * from '${from}';`,
      (from: string) => `void import('${from}');`,
    ];
    for (const form of forms)
      expect(judge('src/engine/graph/graph.ts', '../train/train', form)).toHaveLength(1);
  });
});
