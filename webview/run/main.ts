/** The run dashboard's page: joins it to the extension host. */
import { runSurface } from '../../src/protocol/runSurface';
import '../shared/controls';
import { connectToHost, never } from '../shared/host';
import '../shared/tab';
import './main.css';
import { Page } from './page';

async function main(): Promise<void> {
  const root = document.getElementById('root');
  if (!root) return;
  const host = await connectToHost();
  const [act, addRuns] = [host.call(runSurface.act), host.call(runSurface.addRuns)];
  const save = host.call(runSurface.save);
  const page = new Page(root, {
    act: (folder, action) => act({ folder, action }, never),
    addRuns: () => addRuns({}, never),
    save: (name, type, data) => save({ name, type, data }, never),
  });
  await page.watch(host.stream(runSurface.watch)({}, never));
}

void main();
