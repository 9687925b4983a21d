/** The page of a corpus's tab: joins it to the extension host. */
import { corpusSurface } from '../../src/protocol/corpusSurface';
import '../shared/controls';
import { connectToHost, never } from '../shared/host';
import './main.css';
import { Page } from './page';

async function main(): Promise<void> {
  const root = document.getElementById('root');
  if (!root) return;
  const host = await connectToHost();
  const [act, openDocument] = [host.call(corpusSurface.act), host.call(corpusSurface.openDocument)];
  const saveRecipe = host.call(corpusSurface.saveRecipe);
  const sample = host.stream(corpusSurface.sample);
  const page = new Page(root, {
    act: (action) => act({ action }, never),
    openDocument: (document) => openDocument(document, never),
    saveRecipe: (settings) => saveRecipe({ settings }, never),
    sample: (signal) => sample({}, signal),
  });
  await page.watch(host.stream(corpusSurface.watch)({}, never));
}

void main();
