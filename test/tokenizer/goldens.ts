import { readFileSync } from 'node:fs';

const folder = new URL('../goldens/tokenizer/', import.meta.url);

export function goldenText(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

export function golden(name: string): unknown {
  return JSON.parse(goldenText(name));
}
