/** The page of a probe's tab: joins it to the extension host. */
import { probeSurface } from '../../src/protocol/probeSurface';
import '../shared/controls';
import { connectToHost, never } from '../shared/host';
import '../shared/tab';
import './main.css';
import { Page } from './page';

async function main(): Promise<void> {
  const root = document.getElementById('root');
  if (!root) return;
  const host = await connectToHost();
  const [act, read] = [host.call(probeSurface.act), host.stream(probeSurface.read)];
  const page = new Page(root, {
    act: (action) => act({ action }, never),
    read: (before, signal) => read({ before }, signal),
  });
  await page.watch(host.stream(probeSurface.watch)({}, never));
}

void main();
