// The fences between the rooms, as one lint rule. Each room lists what it may import; a room is
// entered through its door, `<room>/<room>.ts`, and nowhere else. Where a fence proves wrong, change
// this table, and say why in ARCHITECTURE.md.
import path from 'node:path';

/** Room (its folder or file below the repository) -> the rooms that it may import. */
const MAY_IMPORT = {
  'src/base': [],
  'src/labels': ['base'],
  'src/protocol': ['base', 'recipe', 'labels'],
  'src/recipe': ['base'],
  'src/engine/graph': ['base'],
  'src/engine/backend': ['base', 'graph'],
  'src/engine/tokenizer': ['base', 'recipe'],
  'src/engine/documents': ['base', 'tokenizer'],
  'src/engine/interop': ['base', 'recipe', 'graph', 'tokenizer'],
  'src/engine/data': ['base', 'recipe', 'tokenizer'],
  'src/engine/curate': ['base', 'recipe', 'tokenizer', 'data'],
  'src/engine/model': ['base', 'recipe', 'graph', 'interop'],
  'src/engine/infer': ['base', 'recipe', 'graph', 'model', 'backend', 'tokenizer', 'interop'],
  'src/engine/eval': ['base', 'recipe', 'graph', 'backend', 'model', 'data', 'infer', 'tokenizer'],
  'src/engine/train': [
    'base',
    'recipe',
    'graph',
    'data',
    'model',
    'backend',
    'tokenizer',
    'infer',
    'eval',
    'interop',
  ],
  'src/engine/tools': ['base', 'data'],
  'src/engine/chat': ['base', 'recipe', 'tokenizer', 'data', 'infer', 'tools'],
  'src/engine/knowledge': ['base', 'data', 'infer', 'tools', 'chat'],
  'src/engine': [
    'base',
    'protocol',
    'recipe',
    'graph',
    'backend',
    'tokenizer',
    'documents',
    'interop',
    'data',
    'curate',
    'model',
    'infer',
    'eval',
    'train',
    'chat',
    'tools',
    'knowledge',
    'engine',
  ],
  'src/host': ['base', 'protocol', 'recipe', 'labels', 'host'],
  'src/extension.ts': ['base', 'protocol', 'host'],
  webview: ['base', 'protocol', 'recipe', 'labels', 'webview'],
};

const ROOMS = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
const nameOf = (room) => path.basename(room, '.ts');
const roomOf = (file) => ROOMS.find((room) => file === room || file.startsWith(`${room}/`));

/** Rooms of many small, unrelated leaves have no single door: each of their files is one. */
const OPEN = new Set(['base', 'protocol', 'recipe', 'labels', 'engine', 'host', 'webview']);

/** `backend.ts` is the interface; each implementation has a door of its own behind it. */
function isDoor(room, target) {
  if (OPEN.has(nameOf(room))) return true;
  const inside = target.slice(room.length + 1).replace(/\.ts$/, '');
  const parts = inside.split('/');
  return parts.length === 1 ? inside === nameOf(room) : parts.length === 2 && parts[0] === parts[1];
}

export const fences = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const root = context.cwd;
    const file = path.relative(root, context.filename).split(path.sep).join('/');
    const from = roomOf(file);
    if (!from) return {};
    const check = (node) => {
      const source = node.source?.value;
      if (typeof source !== 'string') return;
      if (!source.startsWith('.')) {
        if (source === 'vscode' && from !== 'src/host' && from !== 'src/extension.ts')
          context.report({
            node,
            message: `Only src/host and src/extension.ts may import 'vscode'. Pass ${nameOf(from)} plain values instead.`,
          });
        return;
      }
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), source));
      const to = roomOf(target.endsWith('.ts') ? target : `${target}.ts`) ?? roomOf(target);
      if (!to || to === from) return;
      if (!MAY_IMPORT[from].includes(nameOf(to)))
        context.report({
          node,
          message: `${nameOf(from)} may not import ${nameOf(to)} (it may import: ${MAY_IMPORT[from].join(', ') || 'nothing of ours'}). Pass what it needs as plain values, or let service.ts join the two.`,
        });
      else if (!isDoor(to, target))
        context.report({
          node,
          message: `Enter ${nameOf(to)} through its door, ${to}/${nameOf(to)}.ts: export what you need there.`,
        });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
