// `npm run code -- [folder]`: VS Code in the browser with dist/ as it is now, for development. Build
// (`npm run build`) and reload the window to see a change.
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, installIfNeeded, root } from './project.mjs';

await installIfNeeded();
const built = await buildIfStale();
if (built !== 0) process.exit(built);
const { serveVsCode } = await import('./open.mjs');
process.exitCode = await serveVsCode(path.resolve(process.argv[2] ?? root));
