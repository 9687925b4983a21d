// `npm run wasm`: compiles the WebAssembly texts to TypeScript modules that hold the bytes, so that
// neither the build nor the tests need an assembler. A test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import wabt from 'wabt';
import { within } from './project.mjs';

const folder = 'src/engine/backend/onnx';
const text = within(folder, 'adamw.wat');
export const target = within(folder, 'adamwModule.ts');

/** The module that `target` must hold. */
export async function compile() {
  const tools = await wabt();
  const module = tools.parseWat('adamw.wat', readFileSync(text, 'utf8'), { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  const lines = Buffer.from(buffer)
    .toString('base64')
    .match(/.{1,84}/g)
    .map((line) => `  '${line}',`);
  return [
    '/** Made from adamw.wat by `npm run wasm`: the bytes of the module, base64. */',
    'export const adamwModule = [',
    ...lines,
    "].join('');",
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(target, await compile());
  console.log(`Wrote ${target}`);
}
