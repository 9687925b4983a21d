// How a bundle for Node is made; shared by the build and the benchmarks.
import { root } from './project.mjs';

/**
 * Stay outside the bundles: what VS Code gives, what holds native code or reads files of its own, and
 * rank tables of several megabytes, which are loaded only when a tokenizer is asked for by name.
 */
const external = [
  ...['vscode', 'onnxruntime-node', 'webgpu', 'gpt-tokenizer', 'gpt-tokenizer/*'],
  // Finds its model and its WebAssembly beside itself.
  'fasttext.wasm.js',
  // Half a megabyte of WebAssembly, loaded when a model first runs a program.
  '@jitl/quickjs-singlefile-cjs-release-sync',
  // For benchmarks alone.
  'playwright-core',
];

export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external,
  // Its main file loads its parts in a way that no bundler sees.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  // CommonJS has no import.meta; sources use it, since the tests run them as ES modules.
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'importMetaUrl' },
};
