// The tests of the programs run what the build makes: `npm test` has built by now, `npx vitest` may
// not have.
import { buildIfStale } from '../scripts/project.mjs';

export async function setup() {
  const code = await buildIfStale();
  if (code !== 0) console.error('The build failed: the tests of the programs run the one before.');
}
