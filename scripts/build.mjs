// Builds dist/: the engine, its workers and the command line as one bundle each, the extension in parts,
// every webview, the JSON schemas of recipes and labels, and the sample text. `--force` builds even if nothing changed.
import esbuild from 'esbuild';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { bundleOptions } from './bundle.mjs';
import { buildIsStale, buildStamp, dist, root, within } from './project.mjs';
import { readSample } from './sample.mjs';

const ENTRIES = {
  engine: 'src/engine/main.ts',
  worker: 'src/engine/worker.ts',
  cli: 'src/engine/cli.ts',
};

async function buildBundles() {
  const missing = Object.values(ENTRIES).filter((file) => !existsSync(within(file)));
  const present = Object.entries(ENTRIES).filter(([, file]) => !missing.includes(file));
  const { cli, ...others } = Object.fromEntries(present);
  const { metafile } = await esbuild.build({
    ...bundleOptions,
    metafile: true,
    entryPoints: others,
    outdir: dist,
  });
  if (cli)
    await esbuild.build({
      ...bundleOptions,
      entryPoints: { cli },
      outdir: dist,
      banner: { js: `#!/usr/bin/env node\n${bundleOptions.banner.js}` },
    });
  if (cli) chmodSync(path.join(dist, 'cli.js'), 0o755);
  return [missing, metafile];
}

/**
 * What activation needs is in extension.js; what the first use of something needs stays in parts
 * beside it, since even code that doesn't run costs its reading. esbuild splits ES modules alone, and
 * VS Code loads CommonJS: so each part is made into it.
 */
async function buildExtension() {
  const entry = 'src/extension.ts';
  if (!existsSync(within(entry))) return [[entry], undefined];
  const { banner, ...options } = bundleOptions;
  const { outputFiles, metafile } = await esbuild.build({
    ...options,
    format: 'esm',
    splitting: true,
    chunkNames: 'extension/[name]-[hash]',
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'inline',
    metafile: true,
    write: false,
    entryPoints: { extension: entry },
    outdir: dist,
  });
  rmSync(path.join(dist, 'extension'), { recursive: true, force: true });
  mkdirSync(path.join(dist, 'extension'));
  await Promise.all(
    outputFiles.map(async ({ path: file, text }) => {
      const { code, map } = await esbuild.transform(text, {
        format: 'cjs',
        platform: 'node',
        target: options.target,
        supported: { 'dynamic-import': false },
        minifyWhitespace: true,
        sourcemap: 'external',
        sourcesContent: false,
        sourcefile: file,
        banner: banner.js,
      });
      // Each file's `import * as vscode` would copy the hundreds of names of VS Code's interface.
      const shared = code.replaceAll(/__toESM\((require\("vscode"\))(, ?1)?\)/g, '$1');
      writeFileSync(file, `${shared}//# sourceMappingURL=${path.basename(file)}.map\n`);
      writeFileSync(`${file}.map`, map);
    }),
  );
  return [[], metafile];
}

/** One bundle for each `webview/<surface>/main.ts`, with its style sheet where it imports one. */
async function buildWebviews() {
  if (!existsSync(within('webview'))) return undefined;
  const surfaces = readdirSync(within('webview'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => existsSync(within('webview', name, 'main.ts')));
  if (surfaces.length === 0) return undefined;
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'iife',
    metafile: true,
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning',
    entryPoints: Object.fromEntries(surfaces.map((name) => [name, `webview/${name}/main.ts`])),
    outdir: path.join(dist, 'webview'),
  });
  for (const file of ['codicon.css', 'codicon.ttf'])
    copyFileSync(
      within('node_modules', '@vscode', 'codicons', 'dist', file),
      path.join(dist, 'webview', file),
    );
  return metafile;
}

/** Which packages went into the bundles: their licences go into the extension's package. */
function writePackages(metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile?.inputs ?? {}));
  const names = inputs.map(
    (input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? '',
  );
  const packages = [...new Set(names)].filter((name) => name !== '').sort();
  writeFileSync(path.join(dist, '.packages.json'), JSON.stringify(packages));
}

/** The schemas of recipes, which VS Code checks them against, and of labels, from their own rooms. */
async function buildSchemas() {
  const folder = path.join(dist, `.recipe-${process.pid}`);
  await esbuild.build({
    ...bundleOptions,
    banner: {},
    define: {},
    format: 'esm',
    sourcemap: false,
    outExtension: { '.js': '.mjs' },
    entryPoints: {
      run: 'src/recipe/run.ts',
      corpus: 'src/recipe/corpus.ts',
      label: 'src/labels/record.ts',
    },
    outdir: folder,
  });
  const load = (name) => import(pathToFileURL(path.join(folder, `${name}.mjs`)).href);
  const { recipeJsonSchema } = await load('run');
  const { corpusRecipe } = await load('corpus');
  const { labelJsonSchema } = await load('label');
  const schemas = {
    recipe: recipeJsonSchema(),
    corpus: corpusRecipe.jsonSchema(),
    label: labelJsonSchema(),
  };
  for (const [name, schema] of Object.entries(schemas))
    writeFileSync(
      path.join(dist, `${name}.schema.json`),
      `${JSON.stringify(schema, undefined, 2)}\n`,
    );
  rmSync(folder, { recursive: true });
}

function buildSample() {
  mkdirSync(path.join(dist, 'sample'), { recursive: true });
  const text = readSample(within('node_modules', '@stdlib', 'datasets-moby-dick'));
  writeFileSync(path.join(dist, 'sample', 'moby-dick.txt'), text);
}

async function main() {
  if (!process.argv.includes('--force') && !buildIsStale()) {
    console.error('Build: up to date.');
    return;
  }
  const started = performance.now();
  const stamp = new Date();
  mkdirSync(dist, { recursive: true });
  rmSync(buildStamp, { force: true });
  const [[missing, bundles], [unbuilt, extension], webviews] = await Promise.all([
    buildBundles(),
    buildExtension(),
    buildWebviews(),
    buildSchemas(),
  ]);
  writePackages([bundles, extension, webviews]);
  buildSample();
  missing.push(...unbuilt);
  if (missing.length > 0) throw new Error(`Entries that do not exist: ${missing.join(', ')}.`);
  // Stamped with the time the build began, so that an edit made meanwhile is built next time.
  writeFileSync(buildStamp, '');
  utimesSync(buildStamp, stamp, stamp);
  console.error(`Build: done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

try {
  await main();
} catch (error) {
  console.error(`Build failed: ${error.message}`);
  process.exitCode = 1;
}
