// `npm run l10n`: writes l10n/bundle.l10n.json, the texts that a translator gets: every literal that
// is handed to `l10n.t` in the extension and to `t` in the webviews. (package.json's own texts are in
// package.nls.json.) A test fails where the file is stale.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { within } from './project.mjs';

export const bundleFile = within('l10n', 'bundle.l10n.json');

/** The texts of one source; throws for one that is put together, which nobody could translate. */
export function textsOf(source, name) {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && /^(vscode\.)?(l10n\.)?t$/.test(node.expression.getText())) {
      const [text] = node.arguments;
      if (text && ts.isStringLiteralLike(text)) found.push(text.text);
      else {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        throw new Error(
          `${name}:${line + 1}: t() takes one literal text; values go to {0}, {1} in it.`,
        );
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The bundle as it should be, from all sources. */
export function translationBundle() {
  const texts = new Set();
  for (const folder of ['src', 'webview'])
    for (const name of readdirSync(within(folder), { recursive: true }).sort())
      if (
        name.endsWith('.ts') &&
        !name.endsWith('.d.ts') &&
        name !== path.join('shared', 'l10n.ts')
      )
        for (const text of textsOf(
          readFileSync(within(folder, name), 'utf8'),
          path.join(folder, name),
        ))
          texts.add(text);
  const sorted = [...texts].sort((a, b) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted.map((text) => [text, text])), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(path.dirname(bundleFile), { recursive: true });
  writeFileSync(bundleFile, translationBundle());
}
