// `npm run bench`: bundles and runs every bench/*.ts. `npm run bench -- NAME ...` runs bench/NAME.ts
// alone and passes it what follows.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, dist, installIfNeeded, node, within } from './project.mjs';

const args = process.argv.slice(2);
const all = (existsSync(within('bench')) ? readdirSync(within('bench')) : [])
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));
const named = args[0] !== undefined && !args[0].startsWith('-') ? args.shift() : undefined;
if (named !== undefined && !existsSync(within('bench', `${named}.ts`))) {
  console.error(`There is no bench/${named}.ts. There are: ${all.join(', ') || 'none yet'}.`);
  process.exit(1);
}

await installIfNeeded();
if ((await buildIfStale()) !== 0) process.exit(1);
const { default: esbuild } = await import('esbuild');
const { bundleOptions } = await import('./bundle.mjs');
/** ES modules, unlike the product: so they can import the scripts beside this one, as they are. */
const options = {
  ...bundleOptions,
  format: 'esm',
  define: {},
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'scripts',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/scripts\/\w+\.mjs$/ }, ({ path: file }) => ({
          path: `../../scripts/${path.basename(file)}`,
          external: true,
        })),
    },
  ],
};
for (const name of named === undefined ? all : [named]) {
  const outfile = path.join(dist, 'bench', `${name}.mjs`);
  await esbuild.build({ ...options, entryPoints: [`bench/${name}.ts`], outfile });
  console.error(`== bench/${name}.ts`);
  const { code } = await node(['--enable-source-maps', outfile, ...args]);
  if (code !== 0) process.exit(code);
}
