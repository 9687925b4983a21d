/** The values of recipes, whatever is in them, and what differs between several. */

/** Every value by its dotted path, in the recipe's order. */
export function flatten(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return path === '' ? [] : [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(inner, path === '' ? name : `${path}.${name}`),
  );
}

/** The paths whose values are not the same in all, each with its values in the recipes' order. */
export function differences(recipes: readonly unknown[]): [string, string[]][] {
  const maps = recipes.map((recipe) => new Map(flatten(recipe)));
  const paths = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return paths
    .map((path): [string, string[]] => [path, maps.map((map) => map.get(path) ?? '')])
    .filter(([, values]) => new Set(values).size > 1);
}

/** Whether a run learns to answer: what it writes on the way are answers. */
export function learnsConversations(recipe: unknown): boolean {
  return flatten(recipe).some(
    ([path, value]) => path === 'data.format' && value === 'conversations',
  );
}
