/** What the package contains, looked at where VS Code unpacked it, and that it needs nothing else. */
import { fork } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { describe, expect, inject, it } from 'vitest';
import * as z from 'zod';
import { connect } from '../../src/protocol/engineConnection';
import { checkVersion } from '../../src/protocol/rpc';
import { packedNode } from '../../src/host/engine/nodeBinary';
import { smallRecipe, testFolder, writeText } from '../train/runs';

const extensions = inject('extensions');
const installed = readdirSync(extensions).filter((name) => name.startsWith('glassbox.'));
const extension = path.join(extensions, installed[0] ?? '');
const files = readdirSync(extension, { recursive: true, encoding: 'utf8' })
  .filter((name) => statSync(path.join(extension, name)).isFile())
  .map((name) => name.split(path.sep).join('/'))
  .sort();
const folder = testFolder();
const node = path.join(extension, packedNode(process.platform));

describe('the package', () => {
  it('has what is needed to run and to read, and nothing of its making', () => {
    expect(installed).toHaveLength(1);
    expect(files.filter((name) => !name.includes('/'))).toEqual(
      expect.arrayContaining(['THIRD_PARTY_NOTICES.txt', 'package.json', 'package.nls.json']),
    );
    for (const name of ['extension.js', 'engine.js', 'worker.js'])
      expect(files).toContain(`dist/${name}`);
    // Schemas, icons, grammars, the walkthrough's pages: what the manifest names by its path.
    const manifest = JSON.parse(
      readFileSync(path.join(extension, 'package.json'), 'utf8'),
    ) as unknown;
    const { contributes } = z.object({ contributes: z.unknown() }).parse(manifest);
    const named = [
      ...JSON.stringify(contributes).matchAll(
        /"(?:\.\/)?((?:dist|media|syntaxes|l10n)\/[^"*]+\.\w+)"/g,
      ),
    ];
    expect(named.length).toBeGreaterThan(5);
    for (const [, name] of named) expect(files).toContain(name);
    const outside =
      /^(dist|l10n|media|node|syntaxes)\/|^(THIRD_PARTY_NOTICES\.txt|\.vsixmanifest|package(\.nls.*)?\.json|[^/]+\.(md|txt))$/;
    expect(files.filter((name) => !outside.test(name))).toEqual([]);
    expect(
      files.filter((name) => /\.(ts|map)$|(^|\/)(test|src|bench|shared)\//.test(name)),
    ).toEqual([]);
  });

  it('has a README whose pictures and links VS Code can show', () => {
    const name = files.find((file) => /^readme\.md$/i.test(file));
    const readme = readFileSync(path.join(extension, name ?? 'README.md'), 'utf8');
    expect(readme).toContain('## In VS Code');
    const targets = [...readme.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target);
    expect(targets.filter((target) => !/^(https:|#)/.test(target ?? ''))).toEqual([]);
  });

  it("has this platform's native files alone", () => {
    // `libwebgpu.so.1`, but not `fastText.node.wasm`, which every platform runs.
    const native = files.filter(
      (name) => /\.(node|so|dll|dylib|exe)(\.|$)/.test(name) && !/\.(js|wasm)$/.test(name),
    );
    const { platform, arch } = process;
    const dawn = platform === 'darwin' ? 'darwin-universal' : `${platform}-${arch}`;
    const own = [`/napi-v6/${platform}/${arch}/`, `/webgpu/dist/${dawn}/`];
    for (const folder of own) expect(native.join('\n')).toContain(folder);
    expect(native.filter((name) => !own.some((folder) => name.includes(folder)))).toEqual([]);
  });

  it('names every package inside it in its notices', () => {
    const notices = readFileSync(path.join(extension, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
    for (const name of ['gpt-tokenizer', 'onnxruntime-node', 'vscode-jsonrpc', 'webgpu', 'zod'])
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(notices).toContain('Node.js 22');
  });

  it('leaves out of its manifest what only development needs', () => {
    const text = readFileSync(path.join(extension, 'package.json'), 'utf8');
    const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    for (const key of ['scripts', 'devDependencies', 'dependencies', 'private', 'bin'])
      expect(manifest).not.toHaveProperty(key);
  });

  it('trains with its own Node and nothing from outside of it', async () => {
    const recipe = smallRecipe(writeText(folder), 'train.steps=3', 'runtime.backend=onnx');
    const child = fork(path.join(extension, 'dist', 'engine.js'), {
      cwd: folder,
      execPath: node,
      execArgv: [],
      env: {},
    });
    try {
      const connection = createMessageConnection(
        new IPCMessageReader(child),
        new IPCMessageWriter(child),
      );
      const engine = connect(connection);
      await checkVersion(connection);
      const { signal } = new AbortController();
      const steps: number[] = [];
      const out = path.join(folder, 'run');
      for await (const event of engine.train({ kind: 'new', recipe, out }, signal))
        if (event.kind === 'train') steps.push(event.step);
      expect(steps).toEqual([1, 2, 3]);
      const named = {
        tokenizer: 'cl100k_base',
        text: 'hello world',
        special: 'text',
        offsets: false,
      } as const;
      expect(await engine.encode(named, signal)).toMatchObject({ ids: [15339, 1917] });
    } finally {
      child.kill();
    }
  });
});
