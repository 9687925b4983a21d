/** The tools that were opened last stay open: what search has read, the next turn need not read again. */
import { openTools } from './tools/tools';
import type { Tool, ToolWish } from './tools/tools';

/** Opens tools, or gives those that the same wishes opened before. */
export function createToolbox(): (wishes: readonly ToolWish[]) => Promise<readonly Tool[]> {
  let last: { readonly key: string; readonly tools: readonly Tool[] } | undefined;
  return async (wishes) => {
    const key = JSON.stringify(wishes.map(({ name, folder }) => [name, folder]));
    if (last?.key !== key) last = { key, tools: await openTools(wishes) };
    return last.tools;
  };
}
